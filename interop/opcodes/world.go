package main

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/consensus/misc/eip4844"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"
)

// block has the fields of a header that instructions read.
type block struct {
	Number        uint64         `json:"number"`
	Time          uint64         `json:"time"`
	Coinbase      common.Address `json:"coinbase"`
	GasLimit      uint64         `json:"gasLimit"`
	Difficulty    *hexutil.Big   `json:"difficulty"`
	Random        *common.Hash   `json:"random"`
	BaseFee       *hexutil.Big   `json:"baseFee"`
	ExcessBlobGas *uint64        `json:"excessBlobGas"`
	Slot          uint64         `json:"slot"`
}

type account struct {
	Balance *hexutil.Big                `json:"balance"`
	Nonce   hexutil.Uint64              `json:"nonce"`
	Code    hexutil.Bytes               `json:"code"`
	Storage map[common.Hash]common.Hash `json:"storage"`
}

// worldInput is a block and the state before it.
type worldInput struct {
	Config   *params.ChainConfig        `json:"config"`
	Block    block                      `json:"block"`
	Accounts map[common.Address]account `json:"accounts"`
}

type world struct {
	config   *params.ChainConfig
	rules    params.Rules
	context  vm.BlockContext
	database state.Database
	root     common.Hash
}

// blockHash of an ancestor: the digest of its number in decimal digits.
func blockHash(number uint64) common.Hash {
	return crypto.Keccak256Hash([]byte(new(big.Int).SetUint64(number).String()))
}

func newWorld(input *worldInput) (*world, error) {
	config := input.Config
	w := &world{config: config, database: state.NewDatabaseForTesting()}
	header := &types.Header{Time: input.Block.Time, ExcessBlobGas: input.Block.ExcessBlobGas}
	w.context = vm.BlockContext{
		CanTransfer:      core.CanTransfer,
		Transfer:         core.Transfer,
		GetHash:          blockHash,
		Coinbase:         input.Block.Coinbase,
		GasLimit:         input.Block.GasLimit,
		BlockNumber:      new(big.Int).SetUint64(input.Block.Number),
		Time:             input.Block.Time,
		Difficulty:       new(big.Int),
		Random:           input.Block.Random,
		SlotNum:          input.Block.Slot,
		CostPerStateByte: params.CostPerStateByte,
	}
	if input.Block.Difficulty != nil {
		w.context.Difficulty = input.Block.Difficulty.ToInt()
	}
	if input.Block.BaseFee != nil {
		w.context.BaseFee = input.Block.BaseFee.ToInt()
	}
	if input.Block.ExcessBlobGas != nil {
		w.context.BlobBaseFee = eip4844.CalcBlobFee(config, header)
	}
	w.rules = config.Rules(w.context.BlockNumber, w.context.Random != nil, w.context.Time)

	statedb, err := state.New(types.EmptyRootHash, w.database)
	if err != nil {
		return nil, err
	}
	for address, fields := range input.Accounts {
		statedb.CreateAccount(address)
		if fields.Balance != nil {
			statedb.SetBalance(address, uint256.MustFromBig(fields.Balance.ToInt()), tracing.BalanceChangeUnspecified)
		}
		statedb.SetNonce(address, uint64(fields.Nonce), tracing.NonceChangeUnspecified)
		statedb.SetCode(address, fields.Code, tracing.CodeChangeUnspecified)
		for slot, value := range fields.Storage {
			statedb.SetState(address, slot, value)
		}
	}
	// Rules without EIP-161 keep the empty accounts of a world.
	w.root, err = statedb.Commit(params.Rules{}, 0)
	return w, err
}
