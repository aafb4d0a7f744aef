package main

import (
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/txpool"
	"github.com/ethereum/go-ethereum/core/txpool/legacypool"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/holiman/uint256"
)

// poolBatch transactions are added at once, as by the fetcher.
const poolBatch = 128

func poolCases(folder string) map[string]setUp {
	return map[string]setUp{
		"pool-add": func() (slice, error) { return poolAdd(folder) },
	}
}

// richChain has one block, with accounts that can pay.
type richChain struct {
	state *state.StateDB
	time  uint64
}

func (c *richChain) Config() *params.ChainConfig { return params.MainnetChainConfig }

func (c *richChain) CurrentBlock() *types.Header {
	return &types.Header{
		Number:     big.NewInt(24_000_000),
		Difficulty: common.Big0,
		GasLimit:   60_000_000,
		GasUsed:    30_000_000,
		Time:       c.time,
		BaseFee:    big.NewInt(params.GWei),
	}
}

func (c *richChain) GetBlock(common.Hash, uint64) *types.Block { return nil }

func (c *richChain) StateAt(common.Hash, *big.Int, uint64) (*state.StateDB, error) {
	return c.state, nil
}

// poolAdd adds transfers to an empty pool, as they come from the network.
func poolAdd(folder string) (slice, error) {
	content, err := os.ReadFile(filepath.Join(folder, "transfers.rlp"))
	if err != nil {
		return nil, err
	}
	var encoded [][]byte
	if err := rlp.DecodeBytes(content, &encoded); err != nil {
		return nil, err
	}
	statedb, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		return nil, err
	}
	chain := &richChain{statedb, uint64(time.Now().Unix())}
	signer := types.LatestSigner(chain.Config())
	decode := func() ([]*types.Transaction, error) {
		txs := make([]*types.Transaction, len(encoded))
		for i, raw := range encoded {
			txs[i] = new(types.Transaction)
			if err := txs[i].UnmarshalBinary(raw); err != nil {
				return nil, err
			}
		}
		return txs, nil
	}
	first, err := decode()
	if err != nil {
		return nil, err
	}
	for _, tx := range first {
		sender, err := types.Sender(signer, tx)
		if err != nil {
			return nil, err
		}
		statedb.AddBalance(sender, uint256.NewInt(params.Ether), tracing.BalanceChangeUnspecified)
	}
	return func(over over) (int, error) {
		count := 0
		for !over() {
			pool := legacypool.New(legacypool.DefaultConfig, chain)
			if err := pool.Init(1, chain.CurrentBlock(), txpool.NewReservationTracker().NewHandle(0)); err != nil {
				return 0, err
			}
			txs, err := decode()
			if err != nil {
				return 0, err
			}
			for start := 0; start < len(txs); start += poolBatch {
				for _, err := range pool.Add(txs[start:min(start+poolBatch, len(txs))], true) {
					if err != nil {
						return 0, err
					}
				}
			}
			if pending, _ := pool.Stats(); pending != len(txs) {
				return 0, fmt.Errorf("%d of %d are pending", pending, len(txs))
			}
			if err := pool.Close(); err != nil {
				return 0, err
			}
			count += len(txs)
		}
		return count, nil
	}, nil
}
