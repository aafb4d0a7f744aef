package main

import (
	"bufio"
	"crypto/ecdsa"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/consensus/beacon"
	"github.com/ethereum/go-ethereum/consensus/ethash"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/triedb"
)

// recipe describes a chain. The same recipe makes the same chain.
type recipe struct {
	blocks int
	// accounts other than those with funds and the system contracts
	alloc types.GenesisAlloc
	// fill adds the transactions of a block, whose number is 1 for the first one.
	fill func(number int, block *core.BlockGen)
	// withReceipts is whether receipts.rlp is written.
	withReceipts bool
}

// recipes has the chains by name.
var recipes = map[string]func() recipe{
	"download":       func() recipe { return transferChain(newSender(1), 600, true) },
	"transfers":      func() recipe { return transferChain(newSender(1), 500, false) },
	"transfers-long": func() recipe { return transferChain(newSender(1), 10_000, false) },
	"mixed":          mixedChain,
	"arithmetic":     arithmeticChain,
	"keccak":         keccakChain,
	"storage":        storageChain,
	"busy":           busyChain,
}

// segment is the number of blocks that are made at once.
const segment = 500

// makeChain writes genesis.json, head.json, chain.rlp (one block after the other) and, if the recipe wants it,
// receipts.rlp (the same for receipts).
func makeChain(folder, name string) error {
	recipeOf, ok := recipes[name]
	if !ok {
		return fmt.Errorf("unknown chain %q", name)
	}
	recipe := recipeOf()
	genesis := genesisFor(recipe.alloc)
	if err := writeJSON(filepath.Join(folder, "genesis.json"), genesis); err != nil {
		return err
	}
	blocks, err := createItems(filepath.Join(folder, "chain.rlp.part"))
	if err != nil {
		return err
	}
	defer blocks.file.Close()
	var records *items
	if recipe.withReceipts {
		if records, err = createItems(filepath.Join(folder, "receipts.rlp")); err != nil {
			return err
		}
		defer records.file.Close()
	}

	db := rawdb.NewMemoryDatabase()
	state := triedb.NewDatabase(db, triedb.HashDefaults)
	parent, err := genesis.Commit(db, state, nil)
	if err != nil {
		return err
	}
	state.Close()
	engine := beacon.New(ethash.NewFaker())
	for made := 0; made < recipe.blocks; {
		count := min(segment, recipe.blocks-made)
		chain, receipts := core.GenerateChain(genesis.Config, parent, engine, db, count, func(i int, block *core.BlockGen) {
			recipe.fill(made+i+1, block)
		})
		for i, block := range chain {
			if err := blocks.write(block); err != nil {
				return err
			}
			if records == nil {
				continue
			}
			if err := records.write(record{block.Hash(), onWire(receipts[i])}); err != nil {
				return err
			}
		}
		parent = chain[count-1]
		made += count
	}
	if records != nil {
		if err := records.close(); err != nil {
			return err
		}
	}
	if err := blocks.close(); err != nil {
		return err
	}
	head := map[string]any{"number": parent.NumberU64(), "hash": parent.Hash(), "stateRoot": parent.Root()}
	if err := writeJSON(filepath.Join(folder, "head.json"), head); err != nil {
		return err
	}
	return os.Rename(blocks.file.Name(), filepath.Join(folder, "chain.rlp"))
}

const (
	// gasLimit is twice the gas of a full block of the chains of loops, so that the base fee does not grow.
	gasLimit = 60_000_000
	// accounts is the number of accounts with funds.
	accounts = 1000
)

func genesisFor(alloc types.GenesisAlloc) *core.Genesis {
	config := *params.MergedTestChainConfig
	config.ChainID = big.NewInt(1337)
	config.BPO1Time, config.BPO2Time = new(uint64), new(uint64)
	config.BlobScheduleConfig = &params.BlobScheduleConfig{
		Cancun: params.DefaultCancunBlobConfig,
		Prague: params.DefaultPragueBlobConfig,
		BPO1:   params.DefaultBPO1BlobConfig,
		BPO2:   params.DefaultBPO2BlobConfig,
	}
	contract := func(code []byte) types.Account { return types.Account{Nonce: 1, Code: code, Balance: new(big.Int)} }
	all := types.GenesisAlloc{
		params.BeaconRootsAddress:        contract(params.BeaconRootsCode),
		params.HistoryStorageAddress:     contract(params.HistoryStorageCode),
		params.WithdrawalQueueAddress:    contract(params.WithdrawalQueueCode),
		params.ConsolidationQueueAddress: contract(params.ConsolidationQueueCode),
	}
	for n := range accounts {
		all[accountAddress(n)] = types.Account{Balance: ether(1_000_000)}
	}
	for address, account := range alloc {
		all[address] = account
	}
	return &core.Genesis{
		Config:     &config,
		GasLimit:   gasLimit,
		BaseFee:    big.NewInt(params.GWei),
		Difficulty: new(big.Int),
		Alloc:      all,
	}
}

// sender makes and signs transactions of the accounts with funds.
type sender struct {
	random *rand.Rand
	nonces map[int]uint64
	signer types.Signer
}

func newSender(seed uint64) *sender {
	return &sender{
		random: rand.New(rand.NewPCG(seed, seed)),
		nonces: map[int]uint64{},
		signer: types.LatestSigner(genesisFor(nil).Config),
	}
}

// nonce returns the next nonce of an account.
func (s *sender) nonce(account int) uint64 {
	nonce := s.nonces[account]
	s.nonces[account]++
	return nonce
}

func (s *sender) sign(account int, tx types.TxData) *types.Transaction {
	return types.MustSignNewTx(accountKey(account), s.signer, tx)
}

func (s *sender) randomHash() (hash common.Hash) {
	for at := 0; at < len(hash); at += 8 {
		binary.BigEndian.PutUint64(hash[at:], s.random.Uint64())
	}
	return hash
}

func (s *sender) randomAddress() common.Address {
	hash := s.randomHash()
	return common.BytesToAddress(hash[:])
}

var (
	accountKeys      = map[int]*ecdsa.PrivateKey{}
	accountAddresses = map[int]common.Address{}
)

func accountKey(number int) *ecdsa.PrivateKey {
	if key, ok := accountKeys[number]; ok {
		return key
	}
	key, err := crypto.ToECDSA(crypto.Keccak256(fmt.Appendf(nil, "account %d", number)))
	if err != nil {
		panic(err)
	}
	accountKeys[number] = key
	return key
}

func accountAddress(number int) common.Address {
	if address, ok := accountAddresses[number]; ok {
		return address
	}
	address := crypto.PubkeyToAddress(accountKey(number).PublicKey)
	accountAddresses[number] = address
	return address
}

func ether(count int64) *big.Int {
	return new(big.Int).Mul(big.NewInt(count), big.NewInt(params.Ether))
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

// items is a file of RLP items.
type items struct {
	file   *os.File
	buffer *bufio.Writer
}

func createItems(name string) (*items, error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	return &items{file, bufio.NewWriter(file)}, nil
}

func (i *items) write(item any) error {
	return rlp.Encode(i.buffer, item)
}

func (i *items) close() error {
	if err := i.buffer.Flush(); err != nil {
		return err
	}
	return i.file.Close()
}

func writeJSON(file string, content any) error {
	text, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
