package main

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/params"
)

// transfers is the number of transactions in a block.
const transfers = 50

// transferChain has blocks of transfers from random accounts. Half of them are to new accounts.
func transferChain(s *sender, blocks int, withReceipts bool) recipe {
	return recipe{blocks: blocks, withReceipts: withReceipts, fill: func(number int, block *core.BlockGen) {
		block.SetCoinbase(common.BigToAddress(big.NewInt(int64(number%16 + 0xc0_0000))))
		block.SetParentBeaconRoot(s.randomHash())
		for range transfers {
			to := accountAddress(s.random.IntN(accounts))
			if s.random.IntN(2) == 0 {
				to = s.randomAddress()
			}
			from := s.random.IntN(accounts)
			block.AddTx(s.sign(from, &types.DynamicFeeTx{
				ChainID:   s.signer.ChainID(),
				Nonce:     s.nonce(from),
				GasTipCap: big.NewInt(params.GWei + s.random.Int64N(params.GWei)),
				GasFeeCap: big.NewInt(100 * params.GWei),
				Gas:       params.TxGas,
				To:        &to,
				Value:     big.NewInt(1 + s.random.Int64N(params.Ether)),
			}))
		}
	}}
}
