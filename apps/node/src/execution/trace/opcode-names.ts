const names: Readonly<Record<number, string>> = {
  ...named(0x00, 'STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND'),
  ...named(0x10, 'LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR CLZ'),
  ...named(0x20, 'KECCAK256'),
  ...named(0x30, 'ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY CODESIZE CODECOPY'),
  ...named(0x3a, 'GASPRICE EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY EXTCODEHASH'),
  ...named(0x40, 'BLOCKHASH COINBASE TIMESTAMP NUMBER DIFFICULTY GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBHASH'),
  ...named(0x4a, 'BLOBBASEFEE SLOTNUM'),
  ...named(0x50, 'POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST TLOAD TSTORE MCOPY PUSH0'),
  ...numbered(0x60, 'PUSH', 1, 32),
  ...numbered(0x80, 'DUP', 1, 16),
  ...numbered(0x90, 'SWAP', 1, 16),
  ...numbered(0xa0, 'LOG', 0, 5),
  ...named(0xe6, 'DUPN SWAPN EXCHANGE'),
  ...named(0xf0, 'CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2'),
  250: 'STATICCALL',
  253: 'REVERT',
  254: 'INVALID',
  255: 'SELFDESTRUCT',
};

/** The name of an instruction, as go-ethereum shows it. */
export function opcodeName(op: number): string {
  return names[op] ?? `opcode 0x${op.toString(16)} not defined`;
}

function named(first: number, list: string): Record<number, string> {
  return Object.fromEntries(list.split(' ').map((name, i) => [first + i, name]));
}

function numbered(first: number, name: string, start: number, count: number): Record<number, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [first + i, `${name}${start + i}`]));
}
