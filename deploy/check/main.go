// Command check reads the files of deploy/ with the parsers of their consumers: Docker's Dockerfile linter,
// Compose's loader, Prometheus' configuration and PromQL, Grafana's dashboard schema. It prints their errors.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	folder := ".."
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	checks := []struct {
		file  string
		check func(path string) ([]string, error)
	}{
		{"Dockerfile", checkDockerfile},
		{"compose.yaml", checkCompose},
		{"prometheus.yml", checkPrometheus},
		{"grafana/dashboards/devp2p.json", checkDashboard},
	}
	failed := false
	for _, one := range checks {
		problems, err := one.check(filepath.Join(folder, one.file))
		if err != nil {
			problems = append(problems, err.Error())
		}
		if len(problems) == 0 {
			fmt.Printf("ok    %s\n", one.file)
			continue
		}
		failed = true
		fmt.Printf("FAIL  %s\n      %s\n", one.file, strings.Join(problems, "\n      "))
	}
	if failed {
		os.Exit(1)
	}
}

// baseImages replaces a registry: the linter reads only the configuration of a base image.
type baseImages struct{}

var imageConfig = []byte(`{"architecture":"amd64","os":"linux","config":{}}`)

func (baseImages) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return ref, digest.FromString(ref), imageConfig, nil
}

func (baseImages) ResolveSourceMetadata(_ context.Context, op *pb.SourceOp, _ sourceresolver.Opt) (*sourceresolver.MetaResponse, error) {
	return &sourceresolver.MetaResponse{
		Op: op,
		Image: &sourceresolver.ResolveImageResponse{
			Digest: digest.FromString(op.Identifier),
			Config: imageConfig,
		},
	}, nil
}

// checkDockerfile applies the rules of "docker build --check" to all stages.
func checkDockerfile(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	source := llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", text)
	source.Definition = &llb.Definition{}
	results, err := dockerfile2llb.DockerfileLint(context.Background(), text, dockerfile2llb.ConvertOpt{
		SourceMap:    source,
		MetaResolver: baseImages{},
	})
	if err != nil {
		return nil, err
	}
	var problems []string
	if results.Error != nil {
		problems = append(problems, results.Error.Message)
	}
	for _, warning := range results.Warnings {
		line := int32(0)
		if ranges := warning.Location.GetRanges(); len(ranges) > 0 {
			line = ranges[0].GetStart().GetLine()
		}
		problems = append(problems, fmt.Sprintf("line %d: %s: %s", line, warning.RuleName, warning.Detail))
	}
	return problems, nil
}

// checkCompose loads the file as "docker compose config" does, which validates it against the schema of the
// Compose Specification.
func checkCompose(path string) ([]string, error) {
	options, err := cli.NewProjectOptions([]string{path}, cli.WithWorkingDirectory(filepath.Dir(path)))
	if err != nil {
		return nil, err
	}
	_, err = options.LoadProject(context.Background())
	return nil, err
}

func checkPrometheus(path string) ([]string, error) {
	_, err := config.LoadFile(path, false, slog.New(slog.DiscardHandler))
	return nil, err
}

// checkDashboard reads the dashboard strictly: an unknown field is an error. Each query is parsed as PromQL.
func checkDashboard(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	plugins.RegisterDefaultPlugins()
	var typed dashboard.Dashboard
	// A valid dashboard gives an error as well, a nil of type BuildErrors.
	if err := typed.UnmarshalJSONStrict(text); err != nil && err.Error() != "" {
		return nil, err
	}
	if err := typed.Validate(); err != nil {
		return nil, err
	}
	var plain struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, err
	}
	var problems []string
	promql := parser.NewParser(parser.Options{})
	variables := strings.NewReplacer("$__rate_interval", "1m", "$instance", "a")
	for _, panel := range plain.Panels {
		for _, target := range panel.Targets {
			if _, err := promql.ParseExpr(variables.Replace(target.Expr)); err != nil {
				problems = append(problems, fmt.Sprintf("%s: %s: %v", panel.Title, target.Expr, err))
			}
		}
	}
	return problems, nil
}
