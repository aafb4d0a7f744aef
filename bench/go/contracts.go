package main

// tokenCode moves units of a token: the input has the recipient and the amount, each a word. Balances are a mapping
// in slot 0, as Solidity stores it.
const tokenCode = `
	CALLER 0 MSTORE 64 0 KECCAK256            ; [from]
	DUP1 SLOAD 32 CALLDATALOAD                ; [from, balance, amount]
	DUP1 DUP3 LT @poor JUMPI
	DUP1 SWAP2 SUB                            ; [from, amount, balance - amount]
	SWAP1 SWAP2 SSTORE                        ; [amount]
	0 CALLDATALOAD 0 MSTORE 64 0 KECCAK256    ; [amount, to]
	DUP1 SLOAD DUP3 ADD SWAP1 SSTORE          ; [amount]
	0 CALLDATALOAD SWAP1 0 MSTORE             ; [recipient]
	CALLER 0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef 32 0 LOG3
	1 0 MSTORE 32 0 RETURN
	poor: 0x4e487b71 0 MSTORE 36 28 REVERT`

// poolCode exchanges units of one token for another at a constant product of the reserves, which share slot 0. The
// input is the amount. It pays in the token of slot 1. A transient lock is its protection against reentrancy.
const poolCode = `
	0 TLOAD @fail JUMPI 1 0 TSTORE
	0 SLOAD DUP1 128 SHR SWAP1
	0xffffffffffffffffffffffffffffffff AND    ; [r1, r0]
	0 CALLDATALOAD 997 MUL                    ; [r1, r0, fee]
	DUP1 DUP4 MUL                             ; [r1, r0, fee, fee * r1]
	DUP2 DUP4 1000 MUL ADD SWAP1 DIV          ; [r1, r0, fee, out]
	SWAP1 POP                                 ; [r1, r0, out]
	SWAP2 DUP3 SWAP1 SUB                      ; [out, r0, r1 - out]
	SWAP1 0 CALLDATALOAD ADD                  ; [out, r1', r0']
	SWAP1 128 SHL OR 0 SSTORE                 ; [out]
	32 MSTORE CALLER 0 MSTORE
	32 64 64 0 0 1 SLOAD GAS CALL ISZERO @fail JUMPI
	CALLER 0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822 64 0 LOG2
	0 0 TSTORE STOP
	fail: 0 0 REVERT`

// proxyCode delegates everything to the contract in the slot of EIP-1967.
const proxyCode = `
	CALLDATASIZE 0 0 CALLDATACOPY
	0 0 CALLDATASIZE 0
	0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc SLOAD GAS DELEGATECALL
	RETURNDATASIZE 0 0 RETURNDATACOPY
	@done JUMPI
	RETURNDATASIZE 0 REVERT
	done: RETURNDATASIZE 0 RETURN`

// recordsCode writes a value (third word) to slots: a count (first word) of them from a number (second word) on.
// A value of 0 deletes them.
const recordsCode = `
	32 CALLDATALOAD 0 CALLDATALOAD            ; [slot, i]
	loop:
		64 CALLDATALOAD DUP3 SSTORE
		SWAP1 1 ADD SWAP1
		1 SWAP1 SUB
		DUP1 @loop JUMPI
	0 CALLDATALOAD 0 MSTORE TIMESTAMP 32 MSTORE
	64 0 LOG0 STOP`

// walletCode calls a contract (first word) with the rest of the input. It is the code to which accounts delegate.
const walletCode = `
	32 CALLDATASIZE SUB                       ; [size]
	DUP1 32 0 CALLDATACOPY
	0 0 DUP3 0 0 0 CALLDATALOAD GAS CALL
	RETURNDATASIZE 0 0 RETURNDATACOPY
	@done JUMPI
	RETURNDATASIZE 0 REVERT
	done: RETURNDATASIZE 0 RETURN`

// precompileCode calls a contract (first word) with the rest of the input, and stores the last word of the result.
const precompileCode = `
	32 CALLDATASIZE SUB
	DUP1 32 0 CALLDATACOPY
	0 0 DUP3 0 0 CALLDATALOAD GAS STATICCALL
	ISZERO @fail JUMPI
	0 0 MSTORE
	RETURNDATASIZE 0 0 RETURNDATACOPY
	0 MLOAD NUMBER SSTORE STOP
	fail: 0 0 REVERT`

// factoryCode creates a contract with CREATE2 from the input, and stores its address.
const factoryCode = `
	CALLDATASIZE 0 0 CALLDATACOPY
	NUMBER CALLDATASIZE 0 0 CREATE2
	DUP1 ISZERO @fail JUMPI
	DUP1 EXTCODESIZE POP DUP1 EXTCODEHASH POP
	NUMBER SSTORE STOP
	fail: 0 0 REVERT`

// nestedCode calls itself with one less (first word) and reverts at every third depth, so that changes are undone.
const nestedCode = `
	0 SLOAD 1 ADD 0 SSTORE
	1 0 TLOAD ADD 0 TSTORE
	0 CALLDATALOAD ISZERO @end JUMPI
	1 0 CALLDATALOAD SUB 0 MSTORE
	32 0 32 0 0 ADDRESS GAS CALL POP
	0 CALLDATALOAD 1 SSTORE
	3 0 CALLDATALOAD MOD @end JUMPI
	0 0 REVERT
	end: STOP`

// blobsCode stores the hash of the first blob and looks at the block.
const blobsCode = `
	0 BLOBHASH 0 MSTORE BLOBBASEFEE BASEFEE ADD DIFFICULTY ADD 32 MSTORE
	1 NUMBER SUB BLOCKHASH 64 MSTORE
	96 0 KECCAK256 NUMBER SSTORE STOP`

// endCode is init code of a contract that ends with its creation.
const endCode = `1 0 SSTORE CALLER SELFDESTRUCT`
