package main

import (
	"crypto/ecdsa"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand"
	"os"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"
)

type account struct {
	key     *ecdsa.PrivateKey
	address common.Address
}

// world has the accounts of a chain.
type world struct {
	random  *rand.Rand
	config  *params.ChainConfig
	senders []account
	// authorities only sign authorizations; some begin without a balance.
	authorities []account
	contracts   []common.Address
	strangers   []common.Address
	refused     map[string]int
}

func newWorld(random *rand.Rand, config *params.ChainConfig) *world {
	w := &world{random: random, config: config, refused: map[string]int{}}
	for i := range 8 {
		w.senders = append(w.senders, newAccount(byte(i+1)))
	}
	for i := range 6 {
		w.authorities = append(w.authorities, newAccount(byte(i+100)))
	}
	for i := range 12 {
		w.contracts = append(w.contracts, common.BytesToAddress([]byte{0xc0, byte(i)}))
	}
	for i := range 40 {
		w.strangers = append(w.strangers, common.BytesToAddress([]byte{0xee, 0xee, byte(i)}))
	}
	return w
}

func newAccount(n byte) account {
	key, err := crypto.ToECDSA(common.LeftPadBytes([]byte{n}, 32))
	check(err)
	return account{key, crypto.PubkeyToAddress(key.PublicKey)}
}

func (w *world) isProofOfStake() bool { return w.config.TerminalTotalDifficulty.Sign() == 0 }

// target chooses an address that code or a transaction calls.
func (w *world) target() common.Address {
	switch n := w.random.Intn(12); {
	case n < 5:
		return w.contracts[w.random.Intn(len(w.contracts))]
	case n < 7:
		return w.strangers[w.random.Intn(len(w.strangers))]
	case n < 8:
		return w.senders[w.random.Intn(len(w.senders))].address
	case n < 9:
		return w.authorities[w.random.Intn(len(w.authorities))].address
	case n < 11:
		return common.BytesToAddress([]byte{byte(1 + w.random.Intn(0x12))})
	default:
		others := []common.Address{
			params.BeaconRootsAddress, params.HistoryStorageAddress, params.WithdrawalQueueAddress, params.SystemAddress, {},
			params.ConsolidationQueueAddress, params.BuilderExitAddress, params.DeterministicFactoryAddress,
			common.BytesToAddress([]byte{1, 0}),
		}
		return others[w.random.Intn(len(others))]
	}
}

func (w *world) coinbase() common.Address {
	if w.random.Intn(3) > 0 {
		return w.target()
	}
	return w.strangers[w.random.Intn(4)]
}

func (w *world) fill(i int, b *builder) {
	if !w.isProofOfStake() && i > 3 && w.random.Intn(3) == 0 {
		w.addUncle(b)
	}
	for range w.random.Intn(9) {
		w.addTransaction(b)
	}
	if w.config.IsShanghai(b.header.Number, b.header.Time) {
		for range w.random.Intn(4) {
			amount := uint64(w.random.Intn(3) * w.random.Intn(1000))
			withdrawal := &types.Withdrawal{Index: uint64(i), Validator: 7, Address: w.target(), Amount: amount}
			b.body.Withdrawals = append(b.body.Withdrawals, withdrawal)
		}
	}
}

// addUncle adds a sibling of one of the last blocks.
func (w *world) addUncle(b *builder) {
	sibling := b.chain.GetHeader(b.header.ParentHash, b.header.Number.Uint64()-1)
	for range w.random.Intn(3) {
		sibling = b.chain.GetHeader(sibling.ParentHash, sibling.Number.Uint64()-1)
	}
	uncle := types.CopyHeader(sibling)
	uncle.Coinbase = w.strangers[w.random.Intn(len(w.strangers))]
	uncle.Root = common.BigToHash(big.NewInt(w.random.Int63()))
	b.body.Uncles = append(b.body.Uncles, uncle)
}

// addTransaction adds a transaction, unless go-ethereum refuses it.
func (w *world) addTransaction(b *builder) {
	sender := w.senders[w.random.Intn(len(w.senders))]
	signer, data := w.signer(b), w.transaction(b, sender)
	if w.random.Intn(6) == 0 {
		sender, signer, data = w.spoil(b, sender, signer, data)
	}
	tx, err := types.SignNewTx(sender.key, signer, data)
	check(err)
	if err := b.add(tx); err != nil {
		w.refused[err.Error()[:min(24, len(err.Error()))]]++
	}
}

func (w *world) signer(b *builder) types.Signer {
	if w.config.IsEIP155(b.header.Number) && w.random.Intn(10) == 0 {
		if !w.config.IsBerlin(b.header.Number) {
			return types.HomesteadSigner{}
		}
	}
	return types.MakeSigner(w.config, b.header.Number, b.header.Time)
}

func (w *world) transaction(b *builder, sender account) types.TxData {
	var (
		nonce    = b.nonce(sender.address)
		to       *common.Address
		data     []byte
		value    = big.NewInt(int64(w.random.Intn(4)))
		gas      = uint64(21_000 + w.random.Intn(400_000))
		gasPrice = big.NewInt(int64(w.random.Intn(int(params.GWei))))
	)
	if w.config.IsLondon(b.header.Number) {
		gasPrice.Add(gasPrice, b.header.BaseFee)
	}
	if w.random.Intn(4) == 0 {
		gas += uint64(w.random.Intn(10_000_000))
	}
	if w.random.Intn(300) == 0 && !w.config.IsOsaka(b.header.Number, b.header.Time) || w.random.Intn(20) == 0 && w.config.IsAmsterdam(b.header.Number, b.header.Time) {
		gas += 20_000_000
	}
	switch n := w.random.Intn(20); {
	case n < 3:
		data = w.initCode(0)
	case n == 3:
		to, data, value = w.request()
		gas += 1_000_000
	default:
		address := w.target()
		to = &address
		data = make([]byte, w.random.Intn(80))
		w.random.Read(data)
		if w.random.Intn(30) == 0 {
			data = make([]byte, w.random.Intn(20_000))
		}
		for i := range data {
			if w.random.Intn(2) == 0 {
				data[i] = 0
			}
		}
		if w.random.Intn(20) == 0 {
			to = &sender.address
		}
	}
	if w.random.Intn(12) == 0 {
		gas = uint64(15_000 + w.random.Intn(60_000))
	}
	id, _ := uint256.FromBig(w.config.ChainID)
	feeCap := new(big.Int).Add(gasPrice, big.NewInt(int64(w.random.Intn(1000))))
	tip := big.NewInt(int64(w.random.Intn(1000)))
	switch kind := w.kind(b, to); kind {
	case 1:
		return &types.AccessListTx{
			ChainID: w.config.ChainID, Nonce: nonce, GasPrice: gasPrice, Gas: gas, To: to, Value: value, Data: data,
			AccessList: w.accessList(),
		}
	case 2:
		return &types.DynamicFeeTx{
			ChainID: w.config.ChainID, Nonce: nonce, GasTipCap: tip, GasFeeCap: feeCap, Gas: gas, To: to, Value: value,
			Data: data, AccessList: w.accessList(),
		}
	case 3:
		var hashes []common.Hash
		for range 1 + w.random.Intn(2) {
			hash := common.BigToHash(big.NewInt(w.random.Int63()))
			hash[0] = 1
			hashes = append(hashes, hash)
		}
		return &types.BlobTx{
			ChainID: id, Nonce: nonce, GasTipCap: uint256.MustFromBig(tip), GasFeeCap: uint256.MustFromBig(feeCap), Gas: gas,
			To: *to, Value: uint256.MustFromBig(value), Data: data, AccessList: w.accessList(),
			BlobFeeCap: uint256.NewInt(1_000_000_000), BlobHashes: hashes,
		}
	case 4:
		return &types.SetCodeTx{
			ChainID: id, Nonce: nonce, GasTipCap: uint256.MustFromBig(tip), GasFeeCap: uint256.MustFromBig(feeCap),
			Gas: gas + uint64(w.random.Intn(500_000)), To: *to, Value: uint256.MustFromBig(value), Data: data,
			AccessList: w.accessList(), AuthList: w.authorizations(b, sender, nonce),
		}
	default:
		return &types.LegacyTx{Nonce: nonce, GasPrice: gasPrice, Gas: gas, To: to, Value: value, Data: data}
	}
}

// kind chooses a type that the block allows.
func (w *world) kind(b *builder, to *common.Address) int {
	highest := 0
	switch {
	case w.config.IsPrague(b.header.Number, b.header.Time):
		highest = 4
	case w.config.IsCancun(b.header.Number, b.header.Time):
		highest = 3
	case w.config.IsLondon(b.header.Number):
		highest = 2
	case w.config.IsBerlin(b.header.Number):
		highest = 1
	}
	kind := w.random.Intn(highest + 1)
	if to == nil {
		kind = min(kind, 2)
	}
	return kind
}

func (w *world) accessList() types.AccessList {
	var list types.AccessList
	for range w.random.Intn(3) {
		entry := types.AccessTuple{Address: w.target()}
		for range w.random.Intn(3) {
			entry.StorageKeys = append(entry.StorageKeys, common.BigToHash(big.NewInt(int64(w.random.Intn(5)))))
		}
		list = append(list, entry)
	}
	return list
}

func (w *world) authorizations(b *builder, sender account, nonce uint64) []types.SetCodeAuthorization {
	var list []types.SetCodeAuthorization
	next := map[common.Address]uint64{sender.address: nonce + 1}
	for range 1 + w.random.Intn(4) {
		signer := w.authorities[w.random.Intn(len(w.authorities))]
		if w.random.Intn(8) == 0 {
			signer = sender
		} else if w.random.Intn(8) == 0 {
			signer = w.senders[w.random.Intn(len(w.senders))]
		}
		authorityNonce, seen := next[signer.address]
		if !seen {
			authorityNonce = b.nonce(signer.address)
		}
		authorization := types.SetCodeAuthorization{Address: w.target(), Nonce: authorityNonce}
		if w.random.Intn(4) == 0 {
			authorization.Address = common.Address{}
		}
		switch w.random.Intn(10) {
		case 0:
			authorization.Nonce += uint64(w.random.Intn(3))
		case 1:
			authorization.ChainID = *uint256.NewInt(99)
		case 2, 3, 4:
			authorization.ChainID = *uint256.MustFromBig(w.config.ChainID)
		}
		signed, err := types.SignSetCode(signer.key, authorization)
		check(err)
		if w.random.Intn(20) == 0 {
			signed.V ^= 1
		}
		if signed.Nonce == authorityNonce {
			next[signer.address] = authorityNonce + 1
		}
		list = append(list, signed)
	}
	return list
}

// request chooses a contract with requests to the consensus layer, with input and value that it accepts.
func (w *world) request() (*common.Address, []byte, *big.Int) {
	fill := func(length int) []byte {
		data := make([]byte, length)
		w.random.Read(data)
		return data
	}
	value := big.NewInt(int64(1_000 + w.random.Intn(10)))
	switch w.random.Intn(5) {
	case 0:
		return &params.WithdrawalQueueAddress, fill(56), value
	case 1:
		return &params.ConsolidationQueueAddress, fill(96), value
	case 2:
		return &params.BuilderExitAddress, fill(48), value
	case 3:
		data := fill(184)
		binary.BigEndian.PutUint64(data[56:], 1)
		binary.BigEndian.PutUint64(data[48:], 1)
		return &params.BuilderDepositAddress, data, big.NewInt(3 * params.GWei)
	default:
		address := depositAddress
		return &address, depositData(fill), new(big.Int)
	}
}

// depositData encodes the fields of a deposit event (EIP-6110).
func depositData(fill func(int) []byte) []byte {
	data := make([]byte, 576)
	offset := 160
	for i, length := range []int{48, 32, 8, 96, 8} {
		binary.BigEndian.PutUint64(data[32*i+24:], uint64(offset))
		binary.BigEndian.PutUint64(data[offset+24:], uint64(length))
		copy(data[offset+32:], fill(length))
		offset += 32 + (length+31)/32*32
	}
	return data
}

// report prints how much of everything the chain has.
func (w *world) report(chain types.Blocks, receipts []types.Receipts) {
	types4 := map[uint8]int{}
	failed, logs, created, requests := 0, 0, 0, 0
	for i, block := range chain {
		for j, tx := range block.Transactions() {
			types4[tx.Type()]++
			if tx.To() == nil {
				created++
			}
			if receipts[i][j].Status == 0 {
				failed++
			}
			logs += len(receipts[i][j].Logs)
		}
		if hash := block.Header().RequestsHash; hash != nil && *hash != types.EmptyRequestsHash {
			requests++
		}
	}
	fmt.Fprintf(os.Stderr, "blocks %d, transactions by type %v, failed %d, creations %d, logs %d, blocks with requests %d, refused %v\n",
		len(chain), types4, failed, created, logs, requests, w.refused)
}
