#!/usr/bin/env bash
# go-ethereum v1.17.10, seen on 2026-11-30: two exports of one chain are of different formats from Amsterdam on, and one of
# them is not a sequence of blocks.
#
# `geth export` (cmd/utils.ExportChain) writes [header, transactions, uncles, withdrawals, block access list]: a fifth
# item that no block of the eth protocol has and that types.Block of the same version refuses. `admin_exportChain`
# (BlockChain.ExportN) writes blocks of four items as before. `geth import` reads both. Expected is one format, or a file
# that names its format. Seen on the 600 blocks of go-ethereum's own test chain, Amsterdam from block 36 on.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'GO'
module example.invalid/finding

go 1.25

require github.com/ethereum/go-ethereum v1.17.10
GO
cat > main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/cmd/utils"
	"github.com/ethereum/go-ethereum/consensus/beacon"
	"github.com/ethereum/go-ethereum/consensus/ethash"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rlp"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// items reads a file of blocks: the number of items of each, and what types.Block says of it.
func items(file string) (counts map[int]int, refused int, why error) {
	f, err := os.Open(file)
	must(err)
	defer f.Close()
	counts = map[int]int{}
	for stream := rlp.NewStream(f, 0); ; {
		raw, err := stream.Raw()
		if err == io.EOF {
			return counts, refused, why
		}
		must(err)
		content, _, err := rlp.SplitList(raw)
		must(err)
		count, err := rlp.CountValues(content)
		must(err)
		counts[count]++
		if err := rlp.DecodeBytes(raw, new(types.Block)); err != nil {
			refused++
			why = err
		}
	}
}

func main() {
	testdata, out := os.Args[1], os.Args[2]
	text, err := os.ReadFile(filepath.Join(testdata, "genesis.json"))
	must(err)
	genesis := new(core.Genesis)
	must(json.Unmarshal(text, genesis))
	chain, err := core.NewBlockChain(rawdb.NewMemoryDatabase(), genesis, beacon.New(ethash.NewFaker()), nil)
	must(err)
	defer chain.Stop()
	must(utils.ImportChain(chain, filepath.Join(testdata, "chain.rlp")))
	must(utils.ExportChain(chain, filepath.Join(out, "geth-export.rlp")))
	f, err := os.Create(filepath.Join(out, "admin-export.rlp"))
	must(err)
	must(chain.Export(f))
	must(f.Close())
	seen := map[string]map[int]bool{}
	for _, name := range []string{"geth-export.rlp", "admin-export.rlp"} {
		counts, refused, why := items(filepath.Join(out, name))
		for count := range counts {
			if seen[name] == nil {
				seen[name] = map[int]bool{}
			}
			seen[name][count] = true
		}
		fmt.Println(name, "blocks by number of items:", counts, "refused by types.Block:", refused, why)
	}
	if !seen["geth-export.rlp"][5] || seen["admin-export.rlp"][5] {
		os.Exit(1)
	}
}
GO
export GOFLAGS=-mod=mod
{ go mod tidy && source=$(go list -m -f '{{.Dir}}' github.com/ethereum/go-ethereum); } > go.log 2>&1 || { cat go.log; exit 1; }
code=0
go run . "$source/cmd/devp2p/internal/ethtest/testdata" "$dir" 2> go.log || code=$?
[ "$code" -eq 0 ] || tail -n 5 go.log
exit "$code"
