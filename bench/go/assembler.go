package main

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/core/vm"
)

// assemble translates words to EVM code: "name:" is a jump destination, "@name" pushes its position, a number (decimal,
// or hexadecimal with 0x) is pushed with the fewest bytes, everything else is an instruction. Text after ";" is a
// comment. It panics if a word is wrong, since all programs are constants.
func assemble(text string) []byte {
	var code []byte
	positions := map[string]int{}
	references := map[int]string{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, ";")
		for word := range strings.FieldsSeq(line) {
			switch {
			case strings.HasSuffix(word, ":"):
				positions[strings.TrimSuffix(word, ":")] = len(code)
				code = append(code, byte(vm.JUMPDEST))
			case strings.HasPrefix(word, "@"):
				references[len(code)+1] = word[1:]
				code = append(code, byte(vm.PUSH2), 0, 0)
			case word[0] >= '0' && word[0] <= '9':
				code = append(code, push(word)...)
			default:
				op := vm.StringToOp(word)
				if op == vm.STOP && word != "STOP" {
					panic(fmt.Sprintf("unknown instruction %q", word))
				}
				code = append(code, byte(op))
			}
		}
	}
	for at, name := range references {
		position, ok := positions[name]
		if !ok {
			panic(fmt.Sprintf("unknown label %q", name))
		}
		code[at], code[at+1] = byte(position>>8), byte(position)
	}
	return code
}

func push(number string) []byte {
	value, ok := new(big.Int).SetString(number, 0)
	if !ok || value.BitLen() > 256 {
		panic(fmt.Sprintf("bad number %q", number))
	}
	bytes := value.Bytes()
	return append([]byte{byte(vm.PUSH0) + byte(len(bytes))}, bytes...)
}

// deployment returns init code that deploys the code.
func deployment(code []byte) []byte {
	head := []byte{byte(vm.PUSH2), byte(len(code) >> 8), byte(len(code))}
	// The code starts after these ten bytes.
	head = append(head, assemble("DUP1 10 0 CODECOPY 0 RETURN")...)
	return append(head, code...)
}
