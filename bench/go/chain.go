package main

import (
	"bufio"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/consensus/beacon"
	"github.com/ethereum/go-ethereum/consensus/ethash"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rlp"
)

const (
	blocks    = 600
	transfers = 50
)

// makeChain writes genesis.json, chain.rlp (one block after the other) and receipts.rlp (the same for receipts).
func makeChain(folder string) error {
	private, err := crypto.ToECDSA(key(0))
	if err != nil {
		return err
	}
	genesis := genesisFor(crypto.PubkeyToAddress(private.PublicKey))
	signer := types.LatestSigner(genesis.Config)
	nonce := uint64(0)
	_, chain, receipts := core.GenerateChainWithGenesis(genesis, beacon.New(ethash.NewFaker()), blocks,
		func(number int, block *core.BlockGen) {
			// EIP-4788 calls this contract at the beginning of each block.
			block.SetParentBeaconRoot(common.Hash{})
			for range transfers {
				to := common.BytesToAddress(crypto.Keccak256(new(big.Int).SetUint64(nonce).Bytes()))
				block.AddTx(types.MustSignNewTx(private, signer, &types.DynamicFeeTx{
					ChainID:   genesis.Config.ChainID,
					Nonce:     nonce,
					GasTipCap: big.NewInt(params.GWei),
					GasFeeCap: big.NewInt(100 * params.GWei),
					Gas:       params.TxGas,
					To:        &to,
					Value:     big.NewInt(params.GWei),
				}))
				nonce++
			}
		})

	description, err := json.MarshalIndent(genesis, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "genesis.json"), description, 0o644); err != nil {
		return err
	}
	records := make([]record, len(chain))
	for i, block := range chain {
		records[i] = record{block.Hash(), onWire(receipts[i])}
	}
	if err := writeItems(filepath.Join(folder, "receipts.rlp"), records); err != nil {
		return err
	}
	return writeItems(filepath.Join(folder, "chain.rlp"), chain)
}

func genesisFor(rich common.Address) *core.Genesis {
	config := *params.MergedTestChainConfig
	config.ChainID = big.NewInt(1337)
	account := func(code []byte) types.Account { return types.Account{Nonce: 1, Code: code, Balance: new(big.Int)} }
	return &core.Genesis{
		Config:     &config,
		GasLimit:   30_000_000,
		BaseFee:    big.NewInt(params.InitialBaseFee),
		Difficulty: new(big.Int),
		Alloc: types.GenesisAlloc{
			rich:                             {Balance: new(big.Int).Mul(big.NewInt(1_000_000), big.NewInt(params.Ether))},
			params.BeaconRootsAddress:        account(params.BeaconRootsCode),
			params.HistoryStorageAddress:     account(params.HistoryStorageCode),
			params.WithdrawalQueueAddress:    account(params.WithdrawalQueueCode),
			params.ConsolidationQueueAddress: account(params.ConsolidationQueueCode),
		},
	}
}

// record is the format from which our node imports receipts.
type record struct {
	Hash     common.Hash
	Receipts []receipt
}

// receipt is the form of eth/69 and later.
type receipt struct {
	Type          uint8
	Status        uint64
	CumulativeGas uint64
	Logs          []*types.Log
}

func onWire(receipts types.Receipts) []receipt {
	list := make([]receipt, len(receipts))
	for i, r := range receipts {
		list[i] = receipt{r.Type, r.Status, r.CumulativeGasUsed, r.Logs}
	}
	return list
}

func writeItems[T any](file string, items []T) error {
	output, err := os.Create(file)
	if err != nil {
		return err
	}
	defer output.Close()
	buffer := bufio.NewWriter(output)
	for _, item := range items {
		if err := rlp.Encode(buffer, item); err != nil {
			return err
		}
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	return output.Close()
}
