package main

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"
)

var poor = newAccount(200)

// spoil gives a transaction one fault, if it can have the chosen one.
func (w *world) spoil(b *builder, sender account, signer types.Signer, data types.TxData) (account, types.Signer, types.TxData) {
	huge := new(big.Int).Lsh(big.NewInt(1), 100)
	wide := uint256.MustFromBig(huge)
	cap := b.header.BaseFee
	fault := w.random.Intn(10)
	change := func(nonce, gas *uint64, value *big.Int) {
		switch fault {
		case 0:
			*nonce += 1 + uint64(w.random.Intn(2))
		case 1:
			*nonce = max(*nonce, 1) - 1
		case 2:
			*gas = uint64(w.random.Intn(11_000))
		case 3:
			*gas = b.header.GasLimit + 1 + uint64(w.random.Intn(2))
		case 4:
			*gas = params.MaxTxGas + 1
		case 5:
			sender = poor
			*nonce = b.nonce(poor.address)
			value.Add(value, common.Big1)
		}
	}
	switch tx := data.(type) {
	case *types.LegacyTx:
		change(&tx.Nonce, &tx.Gas, tx.Value)
		if fault == 6 && cap != nil {
			tx.GasPrice = new(big.Int).Sub(cap, common.Big1)
		}
		if fault == 7 {
			tx.Value = huge
		}
		if fault == 8 && w.config.IsEIP155(b.header.Number) {
			signer = types.NewEIP155Signer(big.NewInt(99))
		}
	case *types.AccessListTx:
		change(&tx.Nonce, &tx.Gas, tx.Value)
		if fault == 6 && cap != nil {
			tx.GasPrice = new(big.Int).Sub(cap, common.Big1)
		}
		if fault == 7 {
			tx.Value = huge
		}
		if fault == 8 {
			tx.ChainID, signer = big.NewInt(99), types.LatestSignerForChainID(big.NewInt(99))
		}
	case *types.DynamicFeeTx:
		change(&tx.Nonce, &tx.Gas, tx.Value)
		if fault == 6 {
			tx.GasFeeCap, tx.GasTipCap = new(big.Int).Sub(cap, common.Big1), common.Big0
		}
		if fault == 7 {
			tx.Value = huge
		}
		if fault == 8 {
			tx.GasTipCap = new(big.Int).Add(tx.GasFeeCap, common.Big1)
		}
		if fault == 9 && tx.To == nil {
			tx.Data, tx.Gas = make([]byte, params.MaxInitCodeSizeAmsterdam+1), 12_000_000
		}
	case *types.BlobTx:
		value := tx.Value.ToBig()
		change(&tx.Nonce, &tx.Gas, value)
		tx.Value = uint256.MustFromBig(value)
		if fault == 6 {
			tx.BlobFeeCap = uint256.NewInt(0)
		}
		if fault == 7 {
			tx.Value = wide
		}
		if fault == 8 {
			tx.BlobHashes[0][0] = 2
		}
		if fault == 9 {
			tx.BlobHashes = nil
		}
	case *types.SetCodeTx:
		value := tx.Value.ToBig()
		change(&tx.Nonce, &tx.Gas, value)
		tx.Value = uint256.MustFromBig(value)
		if fault == 6 {
			tx.AuthList = nil
		}
		if fault == 7 {
			tx.Value = wide
		}
	}
	return sender, signer, data
}
