#!/usr/bin/env bash
# github.com/grafana/grafana-foundation-sdk/go v0.0.22, seen on 2026-11-30: reading a valid dashboard with
# Dashboard.UnmarshalJSONStrict gives an error that is not nil and has no message.
#
# The error is a nil slice of the type cog.BuildErrors, returned as the interface `error`: `err != nil` is true for it,
# so that code in the usual form of Go refuses every valid dashboard. nil is expected. The text that is read here is made
# by the builder of the package.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'GO'
module example.invalid/finding

go 1.25

require github.com/grafana/grafana-foundation-sdk/go v0.0.22
GO
cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	built, err := dashboard.NewDashboardBuilder("Example").Build()
	if err != nil {
		panic(err)
	}
	text, err := json.Marshal(built)
	if err != nil {
		panic(err)
	}
	var read dashboard.Dashboard
	err = read.UnmarshalJSONStrict(text)
	if err == nil {
		fmt.Println("nil")
		os.Exit(1)
	}
	fmt.Printf("type %T, err != nil is %v, message %q, title read %q\n", err, err != nil, err.Error(), *read.Title)
	if err.Error() != "" {
		os.Exit(1)
	}
}
GO
GOFLAGS=-mod=mod go run . 2> go.log || { cat go.log; exit 1; }
