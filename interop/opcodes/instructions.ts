import { type Fork, isAtLeast } from './forks.ts';

/** Kinds of operands: each has its own edges. */
export type Kind =
  | 'word'
  /** Offset in memory, and length of a region. */
  | 'offset'
  | 'length'
  /** Offset in calldata, code or return data. */
  | 'source'
  | 'address'
  | 'slot'
  | 'gas'
  | 'value'
  | 'target'
  | 'block'
  | 'index';

export interface Instruction {
  readonly name: string;
  readonly byte: number;
  /** Operands from the top of the stack downwards. */
  readonly operands: readonly Kind[];
  readonly results: number;
  readonly since: Fork;
}

const kinds: Readonly<Record<string, Kind>> = {
  w: 'word',
  o: 'offset',
  l: 'length',
  c: 'source',
  a: 'address',
  s: 'slot',
  g: 'gas',
  v: 'value',
  j: 'target',
  n: 'block',
  i: 'index',
};

/** Byte, name, operands, number of results; grouped by the fork that introduced them. */
const table: Readonly<Partial<Record<Fork, string>>> = {
  frontier: `
    00 STOP - 0, 01 ADD ww 1, 02 MUL ww 1, 03 SUB ww 1, 04 DIV ww 1, 05 SDIV ww 1, 06 MOD ww 1, 07 SMOD ww 1,
    08 ADDMOD www 1, 09 MULMOD www 1, 0a EXP ww 1, 0b SIGNEXTEND iw 1, 10 LT ww 1, 11 GT ww 1, 12 SLT ww 1,
    13 SGT ww 1, 14 EQ ww 1, 15 ISZERO w 1, 16 AND ww 1, 17 OR ww 1, 18 XOR ww 1, 19 NOT w 1, 1a BYTE iw 1,
    20 KECCAK256 ol 1, 30 ADDRESS - 1, 31 BALANCE a 1, 32 ORIGIN - 1, 33 CALLER - 1, 34 CALLVALUE - 1,
    35 CALLDATALOAD c 1, 36 CALLDATASIZE - 1, 37 CALLDATACOPY ocl 0, 38 CODESIZE - 1, 39 CODECOPY ocl 0,
    3a GASPRICE - 1, 3b EXTCODESIZE a 1, 3c EXTCODECOPY aocl 0, 40 BLOCKHASH n 1, 41 COINBASE - 1, 42 TIMESTAMP - 1,
    43 NUMBER - 1, 44 PREVRANDAO - 1, 45 GASLIMIT - 1, 50 POP w 0, 51 MLOAD o 1, 52 MSTORE ow 0, 53 MSTORE8 ow 0,
    54 SLOAD s 1, 55 SSTORE sw 0, 56 JUMP j 0, 57 JUMPI jw 0, 58 PC - 1, 59 MSIZE - 1, 5a GAS - 1, 5b JUMPDEST - 0,
    f0 CREATE vol 1, f1 CALL gavolol 1, f2 CALLCODE gavolol 1, f3 RETURN ol 0, fe INVALID - 0, ff SELFDESTRUCT a 0`,
  homestead: 'f4 DELEGATECALL gaolol 1',
  byzantium: '3d RETURNDATASIZE - 1, 3e RETURNDATACOPY ocl 0, fa STATICCALL gaolol 1, fd REVERT ol 0',
  constantinople: '1b SHL iw 1, 1c SHR iw 1, 1d SAR iw 1, 3f EXTCODEHASH a 1, f5 CREATE2 volw 1',
  istanbul: '46 CHAINID - 1, 47 SELFBALANCE - 1',
  london: '48 BASEFEE - 1',
  shanghai: '5f PUSH0 - 1',
  cancun: '49 BLOBHASH i 1, 4a BLOBBASEFEE - 1, 5c TLOAD s 1, 5d TSTORE sw 0, 5e MCOPY ool 0',
  osaka: '1e CLZ w 1',
  amsterdam: '4b SLOTNUM - 1, e6 DUPN - 1, e7 SWAPN - 0, e8 EXCHANGE - 0',
};

function parse(since: Fork, text: string): Instruction[] {
  return text.split(',').map((entry) => {
    const [byte = '', name = '', operands = '', results] = entry.trim().split(' ');
    return {
      name,
      byte: Number.parseInt(byte, 16),
      operands: operands === '-' ? [] : [...operands].map((letter) => kinds[letter] ?? 'word'),
      results: Number(results),
      since,
    };
  });
}

function numbered(name: string, first: number, from: number, to: number): Instruction[] {
  const instructions: Instruction[] = [];
  for (let n = from; n <= to; n++) {
    const isLog = name === 'LOG';
    instructions.push({
      name: `${name}${n}`,
      byte: first + n,
      operands: isLog ? ['offset', 'length', ...Array.from({ length: n }, (): Kind => 'word')] : [],
      results: name === 'PUSH' || name === 'DUP' ? 1 : 0,
      since: 'frontier',
    });
  }
  return instructions;
}

/** All instructions up to Amsterdam. DUP and SWAP, also those with an operand in the code, have no operands here. */
const instructions: readonly Instruction[] = [
  ...Object.entries(table).flatMap(([since, text]) => parse(since as Fork, text)),
  ...numbered('PUSH', 0x5f, 1, 32),
  ...numbered('DUP', 0x7f, 1, 16),
  ...numbered('SWAP', 0x8f, 1, 16),
  ...numbered('LOG', 0xa0, 0, 4),
];

const byFork = new Map<Fork, readonly Instruction[]>();

/** The instructions of a fork. */
export function instructionsOf(fork: Fork): readonly Instruction[] {
  let known = byFork.get(fork);
  if (known === undefined) {
    known = instructions.filter(({ since }) => isAtLeast(fork, since));
    byFork.set(fork, known);
  }
  return known;
}

/** Bytes that are not an instruction of a fork. */
export function undefinedBytes(fork: Fork): number[] {
  const defined = new Set(instructionsOf(fork).map(({ byte }) => byte));
  return Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !defined.has(byte));
}

const bytes: ReadonlyMap<string, number> = new Map(instructions.map(({ name, byte }) => [name, byte]));

/** The byte of an instruction. */
export function byteOf(name: string): number {
  const byte = bytes.get(name);
  if (byte === undefined) throw new Error(`no instruction ${name}`);
  return byte;
}
