package main

import (
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"
)

const (
	// mixedBlocks is the number of blocks of the mixed chain.
	mixedBlocks = 500
	// mixedTransactions is the number of transactions in one of its blocks.
	mixedTransactions = 20
	// senders is the number of accounts that send transactions; the next ones sign authorizations.
	senders = 800
	// maxBlobs is the largest number of blobs in a block of the mixed chain.
	maxBlobs = 18
	// blobHashVersion is the first byte of the hash of a KZG commitment (EIP-4844).
	blobHashVersion = 0x01
)

// Addresses of the contracts of the mixed chain.
var (
	tokens = [...]common.Address{mixedAddress(0), mixedAddress(1), mixedAddress(2)}
	// proxy is a token, too, with its balances and without the code.
	proxy      = mixedAddress(3)
	pools      = [...]common.Address{mixedAddress(4), mixedAddress(5)}
	book       = mixedAddress(6)
	wallet     = mixedAddress(7)
	precompile = mixedAddress(8)
	factory    = mixedAddress(9)
	nested     = mixedAddress(10)
	blobs      = mixedAddress(11)
)

func mixedAddress(n int) common.Address {
	hash := crypto.Keccak256([]byte{'m', byte(n)})
	return common.BytesToAddress(hash)
}

// mixed makes transactions of all kinds.
type mixed struct {
	*sender
	// deployed has the tokens that the chain itself has deployed.
	deployed  []common.Address
	blobsLeft int
}

// kinds has how often each kind of transaction occurs, and the functions that make them.
var kinds = []struct {
	weight int
	add    func(*mixed, *core.BlockGen)
}{
	{14, (*mixed).transfer},
	{24, (*mixed).tokenTransfer},
	{12, (*mixed).exchange},
	{8, (*mixed).write},
	{7, (*mixed).callDelegated},
	{6, (*mixed).delegate},
	{6, (*mixed).blob},
	{6, (*mixed).deploy},
	{4, (*mixed).create2},
	{4, (*mixed).nestedCalls},
	{4, (*mixed).callPrecompile},
	{3, (*mixed).fail},
	{1, (*mixed).endAtOnce},
	{1, (*mixed).request},
}

// mixedChain has blocks of transactions of all types and withdrawals.
func mixedChain() recipe {
	m := &mixed{sender: newSender(5)}
	total := 0
	for _, kind := range kinds {
		total += kind.weight
	}
	return recipe{blocks: mixedBlocks, alloc: mixedAlloc(), fill: func(number int, block *core.BlockGen) {
		block.SetCoinbase(common.BigToAddress(big.NewInt(int64(number%16 + 0xc0_0000))))
		block.SetParentBeaconRoot(m.randomHash())
		block.SetExtra([]byte("mixed"))
		m.blobsLeft = maxBlobs
		for range mixedTransactions {
			at := m.random.IntN(total)
			for _, kind := range kinds {
				if at -= kind.weight; at < 0 {
					kind.add(m, block)
					break
				}
			}
		}
		for range m.random.IntN(17) {
			block.AddWithdrawal(&types.Withdrawal{
				Validator: m.random.Uint64N(1_000_000),
				Address:   accountAddress(m.random.IntN(4 * accounts)),
				Amount:    m.random.Uint64N(20_000_000),
			})
		}
	}}
}

// mixedAlloc returns the contracts, with balances of all accounts.
func mixedAlloc() types.GenesisAlloc {
	contract := func(code string, storage map[common.Hash]common.Hash) types.Account {
		return types.Account{Nonce: 1, Balance: new(big.Int), Code: assemble(code), Storage: storage}
	}
	balances := func() map[common.Hash]common.Hash {
		storage := map[common.Hash]common.Hash{}
		rich := common.BigToHash(new(big.Int).Lsh(big.NewInt(1), 100))
		for n := range accounts {
			storage[balanceSlot(accountAddress(n))] = rich
		}
		for _, pool := range pools {
			storage[balanceSlot(pool)] = rich
		}
		return storage
	}
	alloc := types.GenesisAlloc{
		book:       contract(recordsCode, nil),
		wallet:     contract(walletCode, nil),
		precompile: contract(precompileCode, nil),
		factory:    contract(factoryCode, nil),
		nested:     contract(nestedCode, nil),
		blobs:      contract(blobsCode, nil),
	}
	for _, token := range tokens {
		alloc[token] = contract(tokenCode, balances())
	}
	implementation := common.HexToHash("0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc")
	proxied := balances()
	proxied[implementation] = common.BytesToHash(tokens[0][:])
	alloc[proxy] = contract(proxyCode, proxied)
	reserve := new(big.Int).Lsh(big.NewInt(1), 90)
	reserves := new(big.Int).Or(new(big.Int).Lsh(reserve, 128), reserve)
	for n, pool := range pools {
		alloc[pool] = contract(poolCode, map[common.Hash]common.Hash{
			{}:      common.BigToHash(reserves),
			{31: 1}: common.BytesToHash(tokens[n][:]),
		})
	}
	return alloc
}

// balanceSlot returns the slot of a balance of a token.
func balanceSlot(owner common.Address) common.Hash {
	return crypto.Keccak256Hash(common.LeftPadBytes(owner[:], 32), make([]byte, 32))
}

func words(values ...any) []byte {
	var input []byte
	for _, value := range values {
		switch v := value.(type) {
		case common.Address:
			input = append(input, common.LeftPadBytes(v[:], 32)...)
		case int64:
			input = append(input, common.BigToHash(big.NewInt(v)).Bytes()...)
		case common.Hash:
			input = append(input, v[:]...)
		}
	}
	return input
}

// mixedCall is what all transactions have in common.
type mixedCall struct {
	to         *common.Address
	value      int64
	input      []byte
	gas        uint64
	accessList types.AccessList
}

// send adds a transaction of type 0, 1 or 2, with an access list if the call has one.
func (m *mixed) send(block *core.BlockGen, call mixedCall) {
	from := m.random.IntN(senders)
	nonce, value := m.nonce(from), big.NewInt(call.value)
	price := big.NewInt(20*params.GWei + m.random.Int64N(params.GWei))
	kind := m.random.IntN(10)
	switch {
	case kind == 0 && call.accessList == nil:
		// One of the transactions without the number of the chain, which EIP-155 still permits.
		tx := &types.LegacyTx{Nonce: nonce, GasPrice: price, Gas: call.gas, To: call.to, Value: value, Data: call.input}
		block.AddTx(types.MustSignNewTx(accountKey(from), types.HomesteadSigner{}, tx))
	case kind < 3 && call.accessList == nil:
		block.AddTx(m.sign(from, &types.LegacyTx{
			Nonce: nonce, GasPrice: price, Gas: call.gas, To: call.to, Value: value, Data: call.input,
		}))
	case kind < 4:
		block.AddTx(m.sign(from, &types.AccessListTx{
			ChainID: m.signer.ChainID(), Nonce: nonce, GasPrice: price, Gas: call.gas, To: call.to, Value: value,
			Data: call.input, AccessList: call.accessList,
		}))
	default:
		block.AddTx(m.sign(from, &types.DynamicFeeTx{
			ChainID: m.signer.ChainID(), Nonce: nonce, GasTipCap: m.tip(), GasFeeCap: price, Gas: call.gas, To: call.to,
			Value: value, Data: call.input, AccessList: call.accessList,
		}))
	}
}

func (m *mixed) tip() *big.Int {
	return big.NewInt(1 + m.random.Int64N(2*params.GWei))
}

func (m *mixed) transfer(block *core.BlockGen) {
	to := accountAddress(m.random.IntN(accounts))
	if m.random.IntN(3) == 0 {
		to = m.randomAddress()
	}
	m.send(block, mixedCall{to: &to, value: m.random.Int64N(params.Ether), gas: 50_000})
}

// token returns one of the first tokens, the one behind a proxy, or one that was deployed.
func (m *mixed) token() common.Address {
	switch n := m.random.IntN(8); {
	case n < len(tokens):
		return tokens[n]
	case n < 5 || len(m.deployed) == 0:
		return proxy
	default:
		return m.deployed[m.random.IntN(len(m.deployed))]
	}
}

func (m *mixed) tokenTransfer(block *core.BlockGen) {
	token, to := m.token(), accountAddress(m.random.IntN(accounts))
	if m.random.IntN(3) == 0 {
		to = m.randomAddress()
	}
	call := mixedCall{to: &token, gas: 200_000, input: words(to, m.random.Int64N(params.Ether))}
	if m.random.IntN(4) == 0 {
		call.accessList = types.AccessList{
			{Address: token, StorageKeys: []common.Hash{balanceSlot(to), m.randomHash()}},
			{Address: m.randomAddress()},
		}
	}
	m.send(block, call)
}

func (m *mixed) exchange(block *core.BlockGen) {
	pool := pools[m.random.IntN(len(pools))]
	m.send(block, mixedCall{to: &pool, gas: 300_000, input: words(m.random.Int64N(params.Ether))})
}

func (m *mixed) write(block *core.BlockGen) {
	value := m.randomHash()
	if m.random.IntN(3) == 0 {
		value = common.Hash{}
	}
	input := words(1+m.random.Int64N(12), m.random.Int64N(2000), value)
	m.send(block, mixedCall{to: &book, gas: 600_000, input: input})
}

// authority returns the number of a random account that signs authorizations.
func (m *mixed) authority() int {
	return senders + m.random.IntN(accounts-senders)
}

func (m *mixed) delegate(block *core.BlockGen) {
	list := make([]types.SetCodeAuthorization, 1+m.random.IntN(3))
	for n := range list {
		authority := m.authority()
		authorization := types.SetCodeAuthorization{
			ChainID: *uint256.MustFromBig(m.signer.ChainID()), Address: wallet, Nonce: m.nonces[authority],
		}
		switch m.random.IntN(10) {
		case 0:
			// Not valid, which makes no difference to the others.
			authorization.Nonce += 7
		case 1:
			authorization.ChainID = *uint256.NewInt(0)
			authorization.Address = common.Address{}
			m.nonces[authority]++
		default:
			m.nonces[authority]++
		}
		signed, err := types.SignSetCode(accountKey(authority), authorization)
		if err != nil {
			panic(err)
		}
		list[n] = signed
	}
	from := m.random.IntN(senders)
	block.AddTx(m.sign(from, &types.SetCodeTx{
		ChainID:   uint256.MustFromBig(m.signer.ChainID()),
		Nonce:     m.nonce(from),
		GasTipCap: uint256.MustFromBig(m.tip()),
		GasFeeCap: uint256.NewInt(20 * params.GWei),
		Gas:       500_000,
		To:        accountAddress(m.authority()),
		Value:     uint256.NewInt(m.random.Uint64N(1000)),
		Data:      words(m.token(), accountAddress(m.authority()), m.random.Int64N(1000)),
		AuthList:  list,
	}))
}

func (m *mixed) callDelegated(block *core.BlockGen) {
	to := accountAddress(m.authority())
	input := words(m.token(), accountAddress(m.random.IntN(accounts)), m.random.Int64N(params.Ether))
	m.send(block, mixedCall{to: &to, gas: 300_000, input: input})
}

func (m *mixed) blob(block *core.BlockGen) {
	count := 1 + m.random.IntN(6)
	if count > m.blobsLeft {
		m.transfer(block)
		return
	}
	m.blobsLeft -= count
	hashes := make([]common.Hash, count)
	for n := range hashes {
		hashes[n] = m.randomHash()
		hashes[n][0] = blobHashVersion
	}
	from := m.random.IntN(senders)
	block.AddTx(m.sign(from, &types.BlobTx{
		ChainID:    uint256.MustFromBig(m.signer.ChainID()),
		Nonce:      m.nonce(from),
		GasTipCap:  uint256.MustFromBig(m.tip()),
		GasFeeCap:  uint256.NewInt(20 * params.GWei),
		Gas:        200_000,
		To:         blobs,
		BlobFeeCap: uint256.NewInt(params.GWei),
		BlobHashes: hashes,
	}))
}

// deploy creates a token with a tail of random bytes, as if it were larger. It does not check balances, since no account
// has one at first.
func (m *mixed) deploy(block *core.BlockGen) {
	from := m.random.IntN(senders)
	address := crypto.CreateAddress(accountAddress(from), m.nonces[from])
	block.AddTx(m.sign(from, &types.DynamicFeeTx{
		ChainID: m.signer.ChainID(), Nonce: m.nonce(from), GasTipCap: m.tip(), GasFeeCap: big.NewInt(20 * params.GWei),
		Gas: 5_000_000, Data: m.tokenDeployment(),
	}))
	m.deployed = append(m.deployed, address)
}

func (m *mixed) tokenDeployment() []byte {
	code := assemble(strings.Replace(tokenCode, "@poor JUMPI", "POP", 1))
	for range m.random.IntN(128) {
		tail := m.randomHash()
		code = append(code, tail[:]...)
	}
	return deployment(code)
}

func (m *mixed) create2(block *core.BlockGen) {
	m.send(block, mixedCall{to: &factory, gas: 5_000_000, input: m.tokenDeployment()})
}

func (m *mixed) nestedCalls(block *core.BlockGen) {
	m.send(block, mixedCall{to: &nested, gas: 1_000_000, input: words(m.random.Int64N(20))})
}

func (m *mixed) callPrecompile(block *core.BlockGen) {
	address := func(n byte) []byte { return words(common.Address{19: n}) }
	digest := m.randomHash()
	var input []byte
	switch m.random.IntN(12) {
	case 0, 1, 2, 3:
		signature, err := crypto.Sign(digest[:], accountKey(m.random.IntN(accounts)))
		if err != nil {
			panic(err)
		}
		input = append(append(address(1), digest[:]...), words(int64(signature[64])+27)...)
		input = append(input, signature[:64]...)
	case 4, 5, 6:
		input = append(address(2), m.randomBytes(10)...)
	case 7:
		input = append(address(3), m.randomBytes(4)...)
	case 8, 9:
		input = append(address(4), m.randomBytes(20)...)
	case 10:
		input = append(address(5), words(int64(32), int64(1), int64(32))...)
		input = append(append(append(input, digest[:]...), 3), m.randomBytes(1)...)
	case 11:
		input = append(address(6), generatorOfBN254...)
	}
	m.send(block, mixedCall{to: &precompile, gas: 500_000, input: input})
}

// generatorOfBN254 is the point (1, 2) twice.
var generatorOfBN254 = words(int64(1), int64(2), int64(1), int64(2))

func (m *mixed) randomBytes(words int) []byte {
	var bytes []byte
	for range words {
		word := m.randomHash()
		bytes = append(bytes, word[:]...)
	}
	return bytes
}

// fail adds a transaction that is included and has no effect other than its fee.
func (m *mixed) fail(block *core.BlockGen) {
	token := tokens[0]
	switch m.random.IntN(3) {
	case 0:
		// More than the balance.
		m.send(block, mixedCall{to: &token, gas: 100_000, input: words(token, common.MaxHash)})
	case 1:
		// Not enough gas.
		m.send(block, mixedCall{to: &book, gas: 60_000, input: words(int64(12), int64(7), m.randomHash())})
	case 2:
		// An unknown instruction in the init code.
		m.send(block, mixedCall{gas: 100_000, input: []byte{0xfe}})
	}
}

func (m *mixed) endAtOnce(block *core.BlockGen) {
	m.send(block, mixedCall{gas: 200_000, value: 1000, input: assemble(endCode)})
}

// request adds a request of EIP-7002 or EIP-7251.
func (m *mixed) request(block *core.BlockGen) {
	call := mixedCall{to: &params.WithdrawalQueueAddress, gas: 400_000, value: 1000}
	call.input = m.randomBytes(2)[:56]
	if m.random.IntN(2) == 0 {
		call.to = &params.ConsolidationQueueAddress
		call.input = m.randomBytes(3)
	}
	m.send(block, call)
}
