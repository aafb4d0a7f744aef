#!/usr/bin/env bash
# go-ethereum v1.17.10, seen on 2026-11-30: a genesis.json that schedules Prague and leaves Cancun out passes the check of
# the fork order, and its genesis block cannot be decoded by go-ethereum itself.
#
# `cancunTime` and later forks count as optional, so CheckConfigForkOrder accepts the config. The genesis header then has
# a requests hash (Prague) and lacks the blob fields and the beacon root before it (Cancun). Optional fields of RLP can be
# left out only at the end: the encoding of the missing ones does not decode. Expected is either a refused config or
# a header with the fields of all forks before Prague, as `pragueTime` with `cancunTime` gives.
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
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rlp"
)

const before = `"chainId":1337,"homesteadBlock":0,"eip150Block":0,"eip155Block":0,"eip158Block":0,"byzantiumBlock":0,
	"constantinopleBlock":0,"petersburgBlock":0,"istanbulBlock":0,"berlinBlock":0,"londonBlock":0,
	"terminalTotalDifficulty":0,"shanghaiTime":0`
const cancun = `"cancunTime":0`
const prague = `"pragueTime":0`
const blobs = `"blobSchedule":{"cancun":{"target":3,"max":6,"baseFeeUpdateFraction":3338477},
	"prague":{"target":6,"max":9,"baseFeeUpdateFraction":5007716}}`

// decodes reports whether the genesis header of a config decodes again.
func decodes(config string) bool {
	text := `{"config":{` + config + `},"gasLimit":"0x1c9c380","difficulty":"0x0","alloc":{}}`
	var genesis core.Genesis
	if err := json.Unmarshal([]byte(text), &genesis); err != nil {
		panic(err)
	}
	if err := genesis.Config.CheckConfigForkOrder(); err != nil {
		panic(err)
	}
	encoded, err := rlp.EncodeToBytes(genesis.ToBlock().Header())
	if err != nil {
		panic(err)
	}
	var header types.Header
	err = rlp.DecodeBytes(encoded, &header)
	fmt.Println("fork order accepted; decoding the genesis header:", err)
	return err == nil
}

func main() {
	with := decodes(before + "," + cancun + "," + prague + "," + blobs)
	without := decodes(before + "," + prague + "," + blobs)
	if !with || without {
		os.Exit(1)
	}
}
GO
GOFLAGS=-mod=mod go run . 2> go.log || { cat go.log; exit 1; }
