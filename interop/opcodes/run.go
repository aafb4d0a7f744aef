package main

import (
	"errors"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"
)

// message is the outermost call or creation of a transaction, after its intrinsic costs.
type message struct {
	Caller common.Address `json:"caller"`
	// To is absent for a creation.
	To       *common.Address `json:"to"`
	Data     hexutil.Bytes   `json:"data"`
	Value    *hexutil.Big    `json:"value"`
	Gas      uint64          `json:"gas"`
	StateGas uint64          `json:"stateGas"`
	GasPrice *hexutil.Big    `json:"gasPrice"`
	Blobs    []common.Hash   `json:"blobHashes"`
	// Code replaces the code of accounts of the world.
	Code map[common.Address]hexutil.Bytes `json:"code"`
	// Watch has accounts and slots whose values after the message are wanted.
	Watch map[common.Address][]common.Hash `json:"watch"`
}

type logEntry struct {
	Address common.Address `json:"address"`
	Topics  []common.Hash  `json:"topics"`
	Data    hexutil.Bytes  `json:"data"`
}

type watched struct {
	Exists   bool                        `json:"exists"`
	Balance  *hexutil.Big                `json:"balance"`
	Nonce    hexutil.Uint64              `json:"nonce"`
	CodeHash common.Hash                 `json:"codeHash"`
	Storage  map[common.Hash]common.Hash `json:"storage"`
}

type result struct {
	// Error is empty after a success.
	Error        string        `json:"error"`
	Gas          uint64        `json:"gas"`
	StateGas     uint64        `json:"stateGas"`
	StateGasUsed int64         `json:"stateGasUsed"`
	Output       hexutil.Bytes `json:"output"`
	Refund       uint64        `json:"refund"`
	Logs         []logEntry    `json:"logs"`
	Root         common.Hash   `json:"root"`
	// Accesses has the accounts and slots of the block access list, from Amsterdam on.
	Accesses map[common.Address][]common.Hash `json:"accesses,omitempty"`
	Watched  map[common.Address]watched       `json:"watched,omitempty"`
}

var errorNames = []struct {
	err  error
	name string
}{
	{vm.ErrOutOfGas, "out-of-gas"},
	{vm.ErrGasUintOverflow, "out-of-gas"},
	{vm.ErrCodeStoreOutOfGas, "code-store-out-of-gas"},
	{vm.ErrDepth, "depth"},
	{vm.ErrInsufficientBalance, "insufficient-balance"},
	{vm.ErrContractAddressCollision, "collision"},
	{vm.ErrExecutionReverted, "revert"},
	{vm.ErrMaxCodeSizeExceeded, "code-size"},
	{vm.ErrMaxInitCodeSizeExceeded, "init-code-size"},
	{vm.ErrInvalidJump, "invalid-jump"},
	{vm.ErrWriteProtection, "static-state-change"},
	{vm.ErrReturnDataOutOfBounds, "return-data-bounds"},
	{vm.ErrInvalidCode, "invalid-code"},
	{vm.ErrNonceUintOverflow, "nonce-overflow"},
}

func errorName(err error) string {
	if err == nil {
		return ""
	}
	for _, entry := range errorNames {
		if errors.Is(err, entry.err) {
			return entry.name
		}
	}
	var underflow *vm.ErrStackUnderflow
	var overflow *vm.ErrStackOverflow
	var opcode *vm.ErrInvalidOpCode
	switch {
	case errors.As(err, &underflow):
		return "stack-underflow"
	case errors.As(err, &overflow):
		return "stack-overflow"
	case errors.As(err, &opcode):
		return "invalid-opcode"
	}
	// Precompiles have errors of their own.
	return "precompile"
}

func uint256Of(value *hexutil.Big) *uint256.Int {
	if value == nil {
		return new(uint256.Int)
	}
	return uint256.MustFromBig(value.ToInt())
}

func (w *world) run(m *message) (*result, error) {
	statedb, err := state.New(w.root, w.database)
	if err != nil {
		return nil, err
	}
	for address, code := range m.Code {
		statedb.SetCode(address, code, tracing.CodeChangeUnspecified)
	}
	// Ends the journal, so that the replaced code is part of the state before the message.
	statedb.Finalise(params.Rules{})

	evm := vm.NewEVM(w.context, statedb, w.config, vm.Config{})
	defer evm.Release()
	evm.SetTxContext(vm.TxContext{Origin: m.Caller, GasPrice: uint256Of(m.GasPrice), BlobHashes: m.Blobs})
	statedb.SetTxContext(common.Hash{}, 0, 1)
	statedb.Prepare(w.rules, m.Caller, w.context.Coinbase, m.To, vm.ActivePrecompiles(w.rules), types.AccessList{})

	frame := frame{world: w, evm: evm, state: statedb, message: m, gas: vm.NewGasBudget(m.Gas, m.StateGas)}
	var (
		out     result
		output  []byte
		failure error
	)
	if m.To == nil {
		output, failure = frame.create()
	} else {
		output, failure = frame.call()
	}
	// Before Homestead a contract whose code cannot be paid for is created without code.
	if errors.Is(failure, vm.ErrCodeStoreOutOfGas) && !w.rules.IsHomestead {
		failure = nil
	}
	out.Error = errorName(failure)
	out.Gas = frame.gas.ExecutionGas
	out.StateGas = frame.gas.StateGas
	out.StateGasUsed = frame.gas.UsedStateGas
	// The output of a failure other than a revert is not observable.
	if failure == nil || out.Error == "revert" {
		out.Output = output
	}
	out.Refund = statedb.GetRefund()
	out.Logs = []logEntry{}
	for _, entry := range statedb.Logs() {
		out.Logs = append(out.Logs, logEntry{entry.Address, entry.Topics, entry.Data})
	}
	if accesses := statedb.Finalise(w.rules); accesses != nil {
		out.Accesses = make(map[common.Address][]common.Hash)
		for address, access := range accesses.Accounts {
			slots := []common.Hash{}
			for slot := range access.StorageReads {
				slots = append(slots, slot)
			}
			for slot := range access.StorageWrites {
				slots = append(slots, slot)
			}
			out.Accesses[address] = slots
		}
	}
	out.Root = statedb.IntermediateRoot(w.rules)
	if m.Watch != nil {
		out.Watched = make(map[common.Address]watched)
		for address, slots := range m.Watch {
			fields := watched{
				Exists:   statedb.Exist(address),
				Balance:  (*hexutil.Big)(statedb.GetBalance(address).ToBig()),
				Nonce:    hexutil.Uint64(statedb.GetNonce(address)),
				CodeHash: statedb.GetCodeHash(address),
				Storage:  make(map[common.Hash]common.Hash),
			}
			for _, slot := range slots {
				fields.Storage[slot] = statedb.GetState(address, slot)
			}
			out.Watched[address] = fields
		}
	}
	return &out, nil
}
