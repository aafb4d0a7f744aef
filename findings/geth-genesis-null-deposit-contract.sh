#!/usr/bin/env bash
# go-ethereum v1.17.10, seen on 2026-11-30: in a genesis.json `null` means "not set" for every optional field but one.
#
# `"cancunTime": null`, `"terminalTotalDifficulty": null`, `"baseFeePerGas": null`, and addresses and hashes outside of
# the config such as `"coinbase": null` count as missing: these are pointers in the type that reads the JSON.
# `"depositContractAddress": null` is an error, since that field is the address itself, which must be a string. The same is
# expected for all fields, all the more as tools write every unused field of a config as null.
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
	"os"

	"github.com/ethereum/go-ethereum/core"
)

func read(config, rest string) error {
	text := `{"config":{"chainId":1` + config + `},"gasLimit":"0x1c9c380","difficulty":"0x0","alloc":{}` + rest + `}`
	err := json.Unmarshal([]byte(text), new(core.Genesis))
	fmt.Println(config+rest, "→", err)
	return err
}

func main() {
	for _, field := range []string{"cancunTime", "terminalTotalDifficulty", "blobSchedule", "clique"} {
		if read(`,"`+field+`":null`, "") != nil {
			os.Exit(1)
		}
	}
	for _, field := range []string{"coinbase", "mixHash", "baseFeePerGas", "extraData", "nonce"} {
		if read("", `,"`+field+`":null`) != nil {
			os.Exit(1)
		}
	}
	if read(`,"depositContractAddress":null`, "") == nil {
		os.Exit(1)
	}
}
GO
GOFLAGS=-mod=mod go run . 2> go.log || { cat go.log; exit 1; }
