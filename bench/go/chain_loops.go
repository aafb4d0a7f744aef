package main

import (
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/state"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm/runtime"
	"github.com/ethereum/go-ethereum/params"
)

const (
	// targetGas is the gas of a block of loops.
	targetGas = 30_000_000
	// Numbers of blocks, for about five seconds of go-ethereum's CPU time each.
	arithmeticBlocks = 24
	keccakBlocks     = 12
	storageBlocks    = 40
)

func arithmeticChain() recipe {
	return loopChain(newSender(2), arithmeticBlocks, smallIntegers, wideIntegers, fixedPoint)
}

func keccakChain() recipe {
	return loopChain(newSender(3), keccakBlocks, mappingSlots, longDigests, memoryCopies)
}

// loopChain has blocks with a transaction for each program.
func loopChain(s *sender, blocks int, programs ...string) recipe {
	alloc := types.GenesisAlloc{}
	iterations := make([]int, len(programs))
	for n, program := range programs {
		code := assemble(program)
		alloc[loopAddress(n)] = types.Account{Nonce: 1, Balance: new(big.Int), Code: code}
		first, second := gasOf(code, 1000), gasOf(code, 2000)
		gas := targetGas/uint64(len(programs)) - params.TxGas - 2*params.SstoreSetGasEIP2200
		iterations[n] = int(gas * 1000 / (second - first))
	}
	return recipe{blocks: blocks, alloc: alloc, fill: func(number int, block *core.BlockGen) {
		block.SetCoinbase(common.Address{0xc0})
		block.SetParentBeaconRoot(s.randomHash())
		for n := range programs {
			// The numbers differ, so that no block has the same loop as another.
			s.call(block, loopAddress(n), iterations[n]-s.random.IntN(iterations[n]/100))
		}
	}}
}

// storageChain has blocks that make slots, change, read and delete them, each block two of these.
func storageChain() recipe {
	const contracts = 3
	// Gas of one iteration, without the refund.
	const makes, changes, reads, deletes = 22_400, 5_300, 2_400, 5_300
	s := newSender(4)
	alloc := types.GenesisAlloc{}
	// Each contract calls these programs by the address of its own, in its own storage.
	programs := []string{mappingWrites, mappingWrites, mappingReads, mappingDeletes}
	for n, program := range programs {
		alloc[loopAddress(n)] = types.Account{Nonce: 1, Balance: new(big.Int), Code: assemble(program)}
	}
	var end, start [contracts]int
	for contract := range contracts {
		end[contract], start[contract] = 1, 1
		alloc[storageAddress(contract)] = types.Account{Nonce: 1, Balance: new(big.Int), Code: assemble(byProgram)}
	}
	const gas = targetGas/2 - 100_000
	return recipe{blocks: storageBlocks, alloc: alloc, fill: func(number int, block *core.BlockGen) {
		block.SetCoinbase(common.Address{0xc0})
		block.SetParentBeaconRoot(s.randomHash())
		contract := number % contracts
		run := func(kind, first, count int) {
			program := common.BytesToHash(loopAddress(kind).Bytes()).Big()
			s.call(block, storageAddress(contract), count, first, number*kind, program)
		}
		makeSlots := func() {
			count := gas / makes
			run(0, end[contract], count)
			end[contract] += count
		}
		// some returns the first of a run of slots that exist.
		some := func(count int) (int, int) {
			exist := end[contract] - start[contract]
			count = min(count, exist)
			return start[contract] + s.random.IntN(exist-count+1), count
		}
		makeSlots()
		switch (number / contracts) % 4 {
		case 0:
			makeSlots()
		case 1:
			first, count := some(gas / changes)
			run(1, first, count)
		case 2:
			first, count := some(gas / reads)
			run(2, first, count)
		case 3:
			count := min(gas/deletes, end[contract]-start[contract])
			run(3, start[contract], count)
			start[contract] += count
		}
	}}
}

// busyChain has blocks of transfers, with a block of 30 million gas of loops after every nine of them.
func busyChain() recipe {
	const blocks, every = 600, 10
	s := newSender(6)
	small := transferChain(s, blocks, false)
	large := loopChain(s, blocks/every, smallIntegers, wideIntegers, mappingSlots)
	return recipe{blocks: blocks, alloc: large.alloc, fill: func(number int, block *core.BlockGen) {
		if number%every == 0 {
			large.fill(number, block)
		} else {
			small.fill(number, block)
		}
	}}
}

func loopAddress(n int) common.Address {
	return common.BigToAddress(big.NewInt(int64(0x1000_0000 + n)))
}

func storageAddress(n int) common.Address {
	return common.BigToAddress(big.NewInt(int64(0x2000_0000 + n)))
}

// call adds a transaction that calls a contract with words of input, *big.Int or int.
func (s *sender) call(block *core.BlockGen, to common.Address, words ...any) {
	var input []byte
	for _, word := range words {
		number, ok := word.(*big.Int)
		if !ok {
			number = big.NewInt(int64(word.(int)))
		}
		input = append(input, common.BigToHash(number).Bytes()...)
	}
	from := s.random.IntN(accounts)
	block.AddTx(s.sign(from, &types.DynamicFeeTx{
		ChainID:   s.signer.ChainID(),
		Nonce:     s.nonce(from),
		GasTipCap: big.NewInt(params.GWei),
		GasFeeCap: big.NewInt(1000 * params.GWei),
		Gas:       targetGas/2 + 500_000,
		To:        &to,
		Data:      input,
	}))
}

// gasOf returns the gas of a program with this number as input.
func gasOf(code []byte, iterations int) uint64 {
	const limit = 100_000_000
	db, err := state.New(types.EmptyRootHash, state.NewDatabaseForTesting())
	if err != nil {
		panic(err)
	}
	address := loopAddress(0)
	db.SetCode(address, code, tracing.CodeChangeUnspecified)
	_, left, err := runtime.Call(address, common.BigToHash(big.NewInt(int64(iterations))).Bytes(), &runtime.Config{
		ChainConfig: genesisFor(nil).Config,
		Random:      &common.Hash{},
		GasLimit:    limit,
		State:       db,
	})
	if err != nil {
		panic(fmt.Sprintf("a loop fails: %v", err))
	}
	return limit - left
}

// Runs the code of the contract whose address is the fourth word of the input, with the same input.
const byProgram = `
	CALLDATASIZE 0 0 CALLDATACOPY
	0 0 CALLDATASIZE 0 96 CALLDATALOAD GAS DELEGATECALL
	@done JUMPI
	0 0 REVERT
	done: STOP`

// Loops of integers of 64 bits, with masks, shifts, a remainder and a branch.
const smallIntegers = `
	1 0 0 CALLDATALOAD                        ; [x, sum, i]
	loop:
		DUP3 6364136223846793005 MUL 1442695040888963407 ADD 0xffffffffffffffff AND
		DUP1 13 SHR XOR                       ; [x, sum, i, x']
		SWAP3 POP                             ; [x', sum, i]
		7 DUP4 MOD 3 LT @odd JUMPI            ; 3 < x' % 7
		SWAP1 DUP3 1 SHR ADD SWAP1 @next JUMP
	odd:
		SWAP1 DUP3 31 BYTE XOR SWAP1
	next:
		1 SWAP1 SUB                           ; i - 1
		DUP1 @loop JUMPI
	POP SSTORE STOP`

// Loops of integers of 256 bits: modular, signed, shifted, compared.
const wideIntegers = `
	0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251f86c6a11d0c18e95
	0x243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89
	0 CALLDATALOAD                            ; [y, x, i]
	loop:
		0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f
		DUP4 DUP4 MULMOD                      ; x' = x * y mod p
		SWAP2 POP                             ; [y, x', i]
		DUP2 DUP4 MUL DUP3 ADD                ; y' = y * x' + x'
		SWAP3 POP
		DUP3 128 SHR DUP3 DIV                 ; x' / (y' >> 128)
		0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f
		SWAP1 DUP5 ADDMOD                     ; + y' mod p
		DUP4 7 SAR XOR
		DUP3 DUP5 SLT ADD
		17 DUP4 SMOD XOR
		DUP3 15 SIGNEXTEND ADD
		SWAP2 POP
		1 SWAP1 SUB
		DUP1 @loop JUMPI
	POP SSTORE STOP`

// Interest on interest with 27 decimals by repeated squaring, as lending contracts compute it: internal functions,
// each multiplication with checks of overflow.
const fixedPoint = `
	0 0 CALLDATALOAD                          ; [sum, i]
	loop:
		; x = 1.000000001547125957863212448 + i, n = i % 4096 + 2^12
		1000000001547125957863212448 DUP2 ADD
		0xfff DUP3 AND 0x1000 OR              ; [sum, i, x, n]
		1000000000000000000000000000          ; [sum, i, x, n, z]
	power:
		1 DUP3 AND ISZERO @even JUMPI
		@multiplied DUP4 DUP3 @rmul JUMP      ; z * x
	multiplied:
		SWAP1 POP
	even:
		SWAP1 1 SHR SWAP1                     ; n / 2
		@squared DUP4 DUP1 @rmul JUMP         ; x * x
	squared:
		SWAP3 POP
		DUP2 @power JUMPI
		SWAP2 POP POP                         ; [sum, i, z]
		DUP3 ADD SWAP2 POP                    ; [sum + z, i]
		1 SWAP1 SUB
		DUP1 @loop JUMPI
	SSTORE STOP
	rmul:                                     ; [return, a, b]
		DUP2 DUP2 MUL                         ; [return, a, b, a * b]
		DUP2 ISZERO @checked JUMPI
		DUP2 DUP2 DIV DUP4 EQ @checked JUMPI
		0 0 REVERT
	checked:
		500000000000000000000000000 ADD
		1000000000000000000000000000 SWAP1 DIV
		SWAP2 POP POP                         ; [return, result]
		SWAP1 JUMP`

// Slots of nested mappings: a digest of 64 bytes is part of the next ones.
const mappingSlots = `
	0 CALLDATALOAD
	loop:
		DUP1 0 MSTORE
		64 0 KECCAK256 32 MSTORE
		1 SWAP1 SUB
		DUP1 @loop JUMPI
	32 MLOAD SWAP1 SSTORE STOP`

// Digests of one KiB of memory that changes in between, also in single bytes.
const longDigests = `
	0 CALLDATALOAD
	loop:
		1024 0 KECCAK256                      ; [i, h]
		DUP1 DUP3 0x3e0 AND MSTORE
		DUP1 DUP3 0x3ff AND MSTORE8
		POP
		1 SWAP1 SUB
		DUP1 @loop JUMPI
	0 MLOAD SWAP1 SSTORE STOP`

// Reads, writes and copies of memory, with a digest of 96 bytes every time.
const memoryCopies = `
	0 CALLDATALOAD
	loop:
		DUP1 0x7e0 AND                        ; [i, at]
		DUP2 DUP2 MSTORE
		256 DUP2 2048 MCOPY
		32 0 DUP3 32 ADD CALLDATACOPY
		2080 MLOAD DUP2 MLOAD XOR 2048 MSTORE
		96 SWAP1 KECCAK256 0 MSTORE
		1 SWAP1 SUB
		DUP1 @loop JUMPI
	0 MLOAD SWAP1 SSTORE STOP`

// Writes to slots of a mapping, from the first number (the second word of the input) on. The third word is added to
// the value: 0 and 1 make slots, other values change them.
const mappingWrites = `
	32 CALLDATALOAD 0 CALLDATALOAD            ; [key, i]
	loop:
		DUP2 0 MSTORE
		DUP2 64 CALLDATALOAD ADD 64 0 KECCAK256 SSTORE
		SWAP1 1 ADD SWAP1
		1 SWAP1 SUB
		DUP1 @loop JUMPI
	STOP`

// Writes zeros to slots of the mapping.
const mappingDeletes = `
	32 CALLDATALOAD 0 CALLDATALOAD
	loop:
		DUP2 0 MSTORE
		0 64 0 KECCAK256 SSTORE
		SWAP1 1 ADD SWAP1
		1 SWAP1 SUB
		DUP1 @loop JUMPI
	STOP`

// Reads of slots of the mapping, and of the warm ones once more.
const mappingReads = `
	0 32 CALLDATALOAD 0 CALLDATALOAD          ; [sum, key, i]
	loop:
		DUP2 0 MSTORE
		64 0 KECCAK256 DUP1 SLOAD SWAP1 SLOAD ADD
		DUP4 ADD SWAP3 POP
		SWAP1 1 ADD SWAP1
		1 SWAP1 SUB
		DUP1 @loop JUMPI
	STOP`
