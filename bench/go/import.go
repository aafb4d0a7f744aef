package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rlp"
)

// importer measures the program geth, which imports the second half of a chain. The CPU time is that of an import less
// that of an import of an empty file, which has the start and the end of the program.
type importer struct {
	geth string
	// spent is the CPU time of all measured imports.
	spent time.Duration
}

// importWorker serves the cases NAME=COUNT=FOLDER, where COUNT is blocks or gas.
func importWorker(geth string, arguments []string) error {
	i := &importer{geth: geth}
	cases := map[string]setUp{}
	for _, argument := range arguments {
		parts := strings.SplitN(argument, "=", 3)
		if len(parts) != 3 {
			return fmt.Errorf("bad case %q", argument)
		}
		cases[parts[0]] = func() (slice, error) { return i.prepare(parts[2], parts[1] == "gas") }
	}
	return serve(cases, func() time.Duration { return i.spent })
}

func (i *importer) prepare(folder string, countGas bool) (slice, error) {
	content, err := os.ReadFile(filepath.Join(folder, "chain.rlp"))
	if err != nil {
		return nil, err
	}
	var head struct{ Number uint64 }
	text, err := os.ReadFile(filepath.Join(folder, "head.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	half := head.Number / 2
	middle, count := 0, 0
	for rest := content; len(rest) > 0; {
		_, _, next, err := rlp.Split(rest)
		if err != nil {
			return nil, err
		}
		var block types.Block
		if err := rlp.DecodeBytes(rest[:len(rest)-len(next)], &block); err != nil {
			return nil, err
		}
		switch {
		case block.NumberU64() <= half:
			middle = len(content) - len(next)
		case countGas:
			count += int(block.GasUsed())
		default:
			count++
		}
		rest = next
	}
	return func(over) (int, error) {
		before := i.spent
		err := i.importHalves(filepath.Join(folder, "genesis.json"), content[:middle], content[middle:], head.Number)
		if err == nil && i.spent <= before {
			err = errors.New("the import takes no longer than an empty one")
		}
		return count, err
	}, nil
}

// importHalves imports the first half, nothing, and the second half, of which it takes the time.
func (i *importer) importHalves(genesis string, first, second []byte, head uint64) error {
	folder, err := os.MkdirTemp("", "devp2p-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if _, err := i.run(folder, "init", genesis); err != nil {
		return err
	}
	if _, err := i.importBlocks(folder, first, head/2); err != nil {
		return err
	}
	empty, err := i.importBlocks(folder, nil, 0)
	if err != nil {
		return err
	}
	full, err := i.importBlocks(folder, second, head)
	i.spent += full - empty
	return err
}

var imported = regexp.MustCompile(`Imported new chain segment +number=([\d,]+)`)

// importBlocks checks that the last imported block is the head, if it is not 0.
func (i *importer) importBlocks(folder string, blocks []byte, head uint64) (time.Duration, error) {
	file := filepath.Join(folder, "blocks.rlp")
	if err := os.WriteFile(file, blocks, 0o644); err != nil {
		return 0, err
	}
	program, err := i.run(folder, "import", file)
	if err != nil {
		return 0, err
	}
	last := "0"
	for _, found := range imported.FindAllSubmatch(program.output, -1) {
		last = strings.ReplaceAll(string(found[1]), ",", "")
	}
	if last != strconv.FormatUint(head, 10) {
		return 0, fmt.Errorf("geth has imported up to block %s of %d", last, head)
	}
	return program.cpu, nil
}

// finished is a program that has ended.
type finished struct {
	output []byte
	cpu    time.Duration
}

func (i *importer) run(folder string, arguments ...string) (finished, error) {
	command := exec.Command(i.geth, append([]string{"--datadir", folder, "--verbosity", "3"}, arguments...)...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return finished{}, fmt.Errorf("geth %s: %w: %s", arguments[0], err, output.String())
	}
	state := command.ProcessState
	return finished{output.Bytes(), state.UserTime() + state.SystemTime()}, nil
}
