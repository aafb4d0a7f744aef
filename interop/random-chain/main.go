// Command random-chain makes a chain of random transactions with go-ethereum, for comparison with another implementation:
//
//	random-chain -rules pow|pos|amsterdam -seed N -blocks N -out FOLDER
//
// It writes genesis.json, chain.rlp and results.json: for each block the receipts, the block access list, and transactions
// that go-ethereum refused while it made the block. The blocks were imported by go-ethereum itself after they were made.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/big"
	"math/rand"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/consensus/beacon"
	"github.com/ethereum/go-ethereum/consensus/ethash"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rlp"
)

const secondsPerBlock = 10

func main() {
	rules := flag.String("rules", "pos", "pow: a fork every few blocks up to Gray Glacier; pos: from Paris on; amsterdam")
	seed := flag.Int64("seed", 1, "seed of the random choices")
	blocks := flag.Int("blocks", 100, "number of blocks")
	out := flag.String("out", ".", "folder of the output")
	flag.Parse()

	random := rand.New(rand.NewSource(*seed))
	config := chainConfig(*rules, *blocks)
	world := newWorld(random, config)
	genesis := world.genesis()
	chain, err := core.NewBlockChain(rawdb.NewMemoryDatabase(), genesis, beacon.New(ethash.NewFaker()), nil)
	check(err)
	defer chain.Stop()
	var made types.Blocks
	var receipts []types.Receipts
	var refused [][]refusal
	for i := range *blocks {
		b := newBuilder(chain, world.coinbase(), common.BigToHash(big.NewInt(random.Int63())))
		world.fill(i, b)
		made = append(made, b.finish())
		receipts = append(receipts, b.receipts)
		refused = append(refused, b.refused)
	}
	write(*out, genesis, made, receipts, refused)
	world.report(made, receipts)
}

func write(folder string, genesis *core.Genesis, chain types.Blocks, receipts []types.Receipts, refused [][]refusal) {
	check(os.MkdirAll(folder, 0o755))
	text, err := json.MarshalIndent(genesis, "", " ")
	check(err)
	check(os.WriteFile(filepath.Join(folder, "genesis.json"), text, 0o644))
	var file bytes.Buffer
	for _, block := range chain {
		check(rlp.Encode(&file, block))
	}
	check(os.WriteFile(filepath.Join(folder, "chain.rlp"), file.Bytes(), 0o644))

	var all []map[string]any
	for i, block := range chain {
		entry := map[string]any{"number": block.NumberU64(), "receipts": receipts[i], "refused": refused[i]}
		if block.AccessList() != nil {
			entry["accessList"] = block.AccessList()
		}
		all = append(all, entry)
	}
	text, err = json.Marshal(all)
	check(err)
	check(os.WriteFile(filepath.Join(folder, "results.json"), text, 0o644))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// chainConfig spreads the forks of the rules evenly over the blocks.
func chainConfig(rules string, blocks int) *params.ChainConfig {
	config := &params.ChainConfig{
		ChainID:                 big.NewInt(1337),
		TerminalTotalDifficulty: new(big.Int).Lsh(big.NewInt(1), 200),
		DepositContractAddress:  depositAddress,
		Ethash:                  new(params.EthashConfig),
	}
	forks := []**big.Int{
		&config.HomesteadBlock, &config.EIP150Block, &config.EIP155Block, &config.EIP158Block, &config.ByzantiumBlock,
		&config.ConstantinopleBlock, &config.PetersburgBlock, &config.IstanbulBlock, &config.BerlinBlock,
		&config.LondonBlock, &config.ArrowGlacierBlock, &config.GrayGlacierBlock,
	}
	if rules == "pow" {
		for i, fork := range forks {
			*fork = big.NewInt(int64((i + 1) * blocks / (len(forks) + 1)))
		}
		config.EIP155Block = config.EIP158Block
		config.MuirGlacierBlock = config.IstanbulBlock
		config.DAOForkBlock = new(big.Int).Add(config.HomesteadBlock, big.NewInt(1))
		config.DAOForkSupport = true
		return config
	}
	for _, fork := range forks {
		*fork = big.NewInt(0)
	}
	config.MuirGlacierBlock = big.NewInt(0)
	config.MergeNetsplitBlock = big.NewInt(0)
	config.TerminalTotalDifficulty = big.NewInt(0)
	times := []**uint64{
		&config.ShanghaiTime, &config.CancunTime, &config.PragueTime, &config.OsakaTime, &config.BPO1Time, &config.BPO2Time,
		&config.AmsterdamTime,
	}
	for i, time := range times {
		at := uint64(0)
		if rules == "pos" {
			at = uint64((i + 1) * blocks / (len(times) + 1) * secondsPerBlock)
		}
		*time = &at
	}
	config.BlobScheduleConfig = &params.BlobScheduleConfig{
		Cancun: params.DefaultCancunBlobConfig,
		Prague: params.DefaultPragueBlobConfig,
		BPO1:   params.DefaultBPO1BlobConfig,
		BPO2:   params.DefaultBPO2BlobConfig,
	}
	return config
}

func (w *world) genesis() *core.Genesis {
	alloc := types.GenesisAlloc{
		params.BeaconRootsAddress:          {Nonce: 1, Code: params.BeaconRootsCode, Balance: common.Big0},
		params.HistoryStorageAddress:       {Nonce: 1, Code: params.HistoryStorageCode, Balance: common.Big0},
		params.WithdrawalQueueAddress:      {Nonce: 1, Code: params.WithdrawalQueueCode, Balance: common.Big0},
		params.ConsolidationQueueAddress:   {Nonce: 1, Code: params.ConsolidationQueueCode, Balance: common.Big0},
		params.BuilderDepositAddress:       {Nonce: 1, Code: params.BuilderDepositCode, Balance: common.Big0},
		params.BuilderExitAddress:          {Nonce: 1, Code: params.BuilderExitCode, Balance: common.Big0},
		params.DeterministicFactoryAddress: {Nonce: 1, Code: params.DeterministicFactoryCode, Balance: common.Big0},
		depositAddress:                     {Nonce: 1, Code: depositCode(), Balance: common.Big0},
	}
	for _, sender := range w.senders {
		alloc[sender.address] = types.Account{Balance: new(big.Int).Mul(big.NewInt(1_000_000), big.NewInt(params.Ether))}
	}
	for i, contract := range w.contracts {
		storage := map[common.Hash]common.Hash{}
		for slot := range 3 {
			storage[common.BigToHash(big.NewInt(int64(slot)))] = common.BigToHash(big.NewInt(int64(i*slot + 1)))
		}
		alloc[contract] = types.Account{Nonce: 1, Code: w.program(0), Balance: big.NewInt(int64(1000 * i)), Storage: storage}
	}
	if w.config.DAOForkSupport {
		for i, address := range params.DAODrainList() {
			if i%3 == 0 {
				alloc[address] = types.Account{Balance: big.NewInt(int64(i + 1))}
			}
		}
	}
	difficulty := big.NewInt(131072)
	if w.isProofOfStake() {
		difficulty = common.Big0
	}
	return &core.Genesis{Config: w.config, GasLimit: 60_000_000, Difficulty: difficulty, Alloc: alloc, BaseFee: big.NewInt(params.GWei)}
}
