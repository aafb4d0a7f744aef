package main

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/vm"
)

// assembler appends instructions.
type assembler struct{ code []byte }

func (a *assembler) op(ops ...vm.OpCode) {
	for _, op := range ops {
		a.code = append(a.code, byte(op))
	}
}

func (a *assembler) push(value uint64) { a.pushBytes(new(big.Int).SetUint64(value).Bytes()) }

func (a *assembler) pushBytes(value []byte) {
	if len(value) == 0 {
		value = []byte{0}
	}
	a.code = append(a.code, byte(vm.PUSH1)+byte(len(value)-1))
	a.code = append(a.code, value...)
}

// program makes code of random instructions, most of which succeed.
func (w *world) program(depth int) []byte {
	var a assembler
	for range 2 + w.random.Intn(10) {
		w.snippet(&a, depth)
	}
	switch w.random.Intn(8) {
	case 0:
		a.push(0)
		a.push(0)
		a.op(vm.REVERT)
	case 1:
		a.op(vm.INVALID)
	case 2:
		a.pushBytes(w.target().Bytes())
		a.op(vm.SELFDESTRUCT)
	case 3:
		a.push(uint64(w.random.Intn(64)))
		a.push(0)
		a.op(vm.RETURN)
	default:
		a.op(vm.STOP)
	}
	return a.code
}

func (w *world) snippet(a *assembler, depth int) {
	switch w.random.Intn(16) {
	case 0, 1, 2:
		a.push(uint64(w.random.Intn(3)))
		a.push(uint64(w.random.Intn(5)))
		a.op(vm.SSTORE)
	case 3:
		a.push(uint64(w.random.Intn(5)))
		a.op(vm.SLOAD, vm.POP)
	case 4:
		// The value of a slot depends on the calldata.
		a.push(0)
		a.op(vm.CALLDATALOAD)
		a.push(uint64(w.random.Intn(5)))
		a.op(vm.SSTORE)
	case 5:
		ops := []vm.OpCode{vm.BALANCE, vm.EXTCODESIZE, vm.EXTCODEHASH}
		a.pushBytes(w.target().Bytes())
		a.op(ops[w.random.Intn(len(ops))])
		a.push(uint64(5 + w.random.Intn(3)))
		a.op(vm.SSTORE)
	case 6:
		ops := []vm.OpCode{
			vm.NUMBER, vm.TIMESTAMP, vm.COINBASE, vm.DIFFICULTY, vm.GASLIMIT, vm.CHAINID, vm.BASEFEE, vm.BLOBBASEFEE, vm.GAS,
			vm.ORIGIN, vm.CALLER, vm.CALLVALUE, vm.GASPRICE, vm.SELFBALANCE, vm.RETURNDATASIZE, vm.MSIZE, vm.PC, vm.CODESIZE,
		}
		a.op(ops[w.random.Intn(len(ops))])
		a.push(uint64(8 + w.random.Intn(3)))
		a.op(vm.SSTORE)
	case 7:
		a.push(1 + uint64(w.random.Intn(5)))
		a.op(vm.NUMBER, vm.SUB, vm.BLOCKHASH)
		a.push(11)
		a.op(vm.SSTORE)
	case 8:
		topics := w.random.Intn(5)
		for range topics {
			a.push(uint64(w.random.Intn(1000)))
		}
		a.push(uint64(w.random.Intn(70)))
		a.push(0)
		a.op(vm.LOG0 + vm.OpCode(topics))
	case 9, 10, 11:
		w.call(a)
	case 12:
		if depth < 2 {
			w.create(a, depth)
		}
	case 13:
		a.push(uint64(w.random.Intn(3)))
		a.push(uint64(w.random.Intn(3)))
		a.op(vm.TSTORE)
	case 14:
		a.push(uint64(w.random.Intn(3)))
		a.op(vm.TLOAD, vm.POP)
	case 15:
		// Clears or sets the same slot in every other call.
		slot := uint64(w.random.Intn(5))
		a.push(slot)
		a.op(vm.SLOAD, vm.ISZERO)
		a.push(slot)
		a.op(vm.SSTORE)
	}
}

func (w *world) call(a *assembler) {
	ops := []vm.OpCode{vm.CALL, vm.CALL, vm.CALL, vm.CALLCODE, vm.DELEGATECALL, vm.STATICCALL}
	op := ops[w.random.Intn(len(ops))]
	a.push(uint64(w.random.Intn(64))) // output
	a.push(0)
	a.push(uint64(w.random.Intn(64))) // input
	a.push(0)
	if op == vm.CALL || op == vm.CALLCODE {
		a.push(uint64(w.random.Intn(3)))
	}
	a.pushBytes(w.target().Bytes())
	switch w.random.Intn(3) {
	case 0:
		a.op(vm.GAS)
	case 1:
		a.push(uint64(w.random.Intn(100_000)))
	default:
		a.push(uint64(w.random.Intn(3000)))
	}
	a.op(op, vm.POP)
}

func (w *world) create(a *assembler, depth int) {
	code := w.initCode(depth + 1)
	for at := 0; at < len(code); at += 32 {
		word := make([]byte, 32)
		copy(word, code[at:])
		a.pushBytes(word)
		a.push(uint64(at))
		a.op(vm.MSTORE)
	}
	salted := w.random.Intn(2) == 0
	if salted {
		a.push(uint64(w.random.Intn(3)))
	}
	a.push(uint64(len(code)))
	a.push(0)
	a.push(uint64(w.random.Intn(3)))
	if salted {
		a.op(vm.CREATE2)
	} else {
		a.op(vm.CREATE)
	}
	a.op(vm.POP)
}

// initCode makes code that returns a random program after some random instructions.
func (w *world) initCode(depth int) []byte {
	var a assembler
	for range w.random.Intn(4) {
		w.snippet(&a, depth)
	}
	if w.random.Intn(6) == 0 {
		a.pushBytes(w.target().Bytes())
		a.op(vm.SELFDESTRUCT)
		return a.code
	}
	program := w.program(depth + 1)
	if w.random.Intn(10) == 0 {
		program = append([]byte{0xef}, program...)
	}
	for at := 0; at < len(program); at += 32 {
		word := make([]byte, 32)
		copy(word, program[at:])
		a.pushBytes(word)
		a.push(uint64(at))
		a.op(vm.MSTORE)
	}
	a.push(uint64(len(program)))
	a.push(0)
	if w.random.Intn(8) == 0 {
		a.op(vm.REVERT)
	} else {
		a.op(vm.RETURN)
	}
	return a.code
}

var depositAddress = common.HexToAddress("0xde90517000000000000000000000000000000001")

// depositCode logs its calldata under the topic of deposits (EIP-6110).
func depositCode() []byte {
	var a assembler
	a.op(vm.CALLDATASIZE)
	a.push(0)
	a.push(0)
	a.op(vm.CALLDATACOPY)
	a.pushBytes(common.FromHex("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5"))
	a.op(vm.CALLDATASIZE)
	a.push(0)
	a.op(vm.LOG1, vm.STOP)
	return a.code
}
