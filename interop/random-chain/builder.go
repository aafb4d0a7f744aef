package main

import (
	"context"
	"fmt"
	"math/big"
	"os"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/consensus/misc"
	"github.com/ethereum/go-ethereum/consensus/misc/eip1559"
	"github.com/ethereum/go-ethereum/consensus/misc/eip4844"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/types/bal"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
)

// builder makes the next block of a chain, as go-ethereum's miner does.
type builder struct {
	chain    *core.BlockChain
	config   *params.ChainConfig
	parent   *types.Header
	header   *types.Header
	state    *state.StateDB
	evm      *vm.EVM
	gasPool  *core.GasPool
	bal      *bal.ConstructionBlockAccessList
	body     types.Body
	receipts types.Receipts
	refused  []refusal
}

// refusal is a transaction that go-ethereum did not execute.
type refusal struct {
	Raw hexutil.Bytes `json:"raw"`
	// Position is the number of transactions before it.
	Position int    `json:"position"`
	Reason   string `json:"reason"`
}

func newBuilder(chain *core.BlockChain, coinbase common.Address, random common.Hash) *builder {
	config := chain.Config()
	parent := chain.CurrentBlock()
	header := &types.Header{
		ParentHash: parent.Hash(),
		Coinbase:   coinbase,
		GasLimit:   parent.GasLimit,
		Number:     new(big.Int).Add(parent.Number, common.Big1),
		Time:       parent.Time + secondsPerBlock,
		Difficulty: new(big.Int),
	}
	if config.TerminalTotalDifficulty.Sign() == 0 {
		header.MixDigest = random
	} else {
		header.Difficulty = chain.Engine().CalcDifficulty(chain, header.Time, parent)
	}
	if config.IsLondon(header.Number) {
		header.BaseFee = eip1559.CalcBaseFee(config, parent)
		if !config.IsLondon(parent.Number) {
			header.GasLimit = parent.GasLimit * config.ElasticityMultiplier()
		}
	}
	if config.IsCancun(header.Number, header.Time) {
		excess := eip4844.CalcExcessBlobGas(config, parent, header.Time)
		header.ExcessBlobGas = &excess
		header.BlobGasUsed = new(uint64)
		header.ParentBeaconRoot = &random
	}
	if config.IsAmsterdam(header.Number, header.Time) {
		slot := header.Time
		header.SlotNumber = &slot
	}
	if dao := config.DAOForkBlock; dao != nil && header.Number.Cmp(dao) >= 0 {
		if new(big.Int).Sub(header.Number, dao).Cmp(params.DAOForkExtraRange) < 0 {
			header.Extra = params.DAOForkBlockExtra
		}
	}
	statedb, err := chain.StateAt(parent.Root, parent.Number, parent.Time)
	check(err)
	if dao := config.DAOForkBlock; dao != nil && header.Number.Cmp(dao) == 0 {
		misc.ApplyDAOHardFork(statedb)
	}
	b := &builder{
		chain: chain, config: config, parent: parent, header: header, state: statedb,
		gasPool: core.NewGasPool(header.GasLimit), bal: bal.NewConstructionBlockAccessList(),
		evm: vm.NewEVM(core.NewEVMBlockContext(header, chain, &coinbase), statedb, config, vm.Config{}),
	}
	b.bal.Merge(core.PreExecution(context.Background(), header.ParentBeaconRoot, parent, config, b.evm, header.Number, header.Time))
	return b
}

// add adds a transaction, unless it cannot be executed.
func (b *builder) add(tx *types.Transaction) error {
	err := b.apply(tx)
	if err != nil {
		raw, failure := tx.MarshalBinary()
		check(failure)
		b.refused = append(b.refused, refusal{raw, len(b.body.Transactions), err.Error()})
	}
	return err
}

func (b *builder) apply(tx *types.Transaction) error {
	if blobs := len(tx.BlobHashes()); blobs > 0 {
		gas := uint64(blobs * params.BlobTxBlobGasPerBlob)
		if most := eip4844.MaxBlobGasPerBlock(b.config, b.header.Time); *b.header.BlobGasUsed+gas > most {
			return fmt.Errorf("no room for blobs")
		}
	}
	snapshot, gas := b.state.Snapshot(), b.gasPool.Snapshot()
	b.state.SetTxContext(tx.Hash(), len(b.body.Transactions), uint32(len(b.body.Transactions)+1))
	receipt, list, err := core.ApplyTransaction(context.Background(), b.evm, b.gasPool, b.state, b.header, tx)
	if err != nil {
		b.state.RevertToSnapshot(snapshot)
		b.gasPool.Set(gas)
		return err
	}
	b.body.Transactions = append(b.body.Transactions, tx)
	b.receipts = append(b.receipts, receipt)
	b.bal.Merge(list)
	if b.header.BlobGasUsed != nil {
		*b.header.BlobGasUsed += receipt.BlobGasUsed
	}
	return nil
}

// finish makes the block, and imports it into the chain.
func (b *builder) finish() *types.Block {
	var logs []*types.Log
	for _, receipt := range b.receipts {
		logs = append(logs, receipt.Logs...)
	}
	if b.config.IsShanghai(b.header.Number, b.header.Time) && b.body.Withdrawals == nil {
		b.body.Withdrawals = make([]*types.Withdrawal, 0)
	}
	index := uint32(len(b.body.Transactions) + 1)
	requests, list, err := core.PostExecution(context.Background(), b.config, b.header.Number, b.header.Time, logs, b.body.Withdrawals, b.evm, index)
	check(err)
	b.bal.Merge(list)
	if requests != nil {
		hash := types.CalcRequestsHash(requests)
		b.header.RequestsHash = &hash
	}
	b.header.GasUsed = b.gasPool.Used()
	b.chain.Engine().Finalize(b.chain, b.header, b.state, &b.body)
	block := core.AssembleBlock(b.chain, b.header, b.state, &b.body, b.receipts, b.bal)
	if _, err := b.chain.InsertChain(types.Blocks{block}); err != nil {
		fmt.Fprintf(os.Stderr, "block %d was made, but not imported\n", block.NumberU64())
		panic(err)
	}
	return block
}

// nonce returns the nonce of an account, 0 if it does not exist.
func (b *builder) nonce(address common.Address) uint64 { return b.state.GetNonce(address) }
