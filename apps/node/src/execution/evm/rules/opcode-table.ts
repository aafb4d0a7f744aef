import { type ForkName, isAtLeast } from '../fork.ts';

/** For each opcode of a fork. */
export interface OpcodeTable {
  /** Constant part of the gas. */
  readonly gas: Uint16Array;
  /**
   * Items that the stack must have in the low 8 bits, and items that it may have from bit 16 on: one look-up in every
   * step of the interpreter. The latter is -1 for an opcode that the fork does not have.
   */
  readonly stack: Int32Array;
}

/** Items that the stack can have. */
export const stackLimit = 1024;

const undefinedOpcode = -1 << 16;

/** Opcode, items taken from the stack, items put onto it, gas. */
type Operation = readonly [opcode: number, pops: number, pushes: number, gas: number];

const frontier: readonly Operation[] = [
  [0x00, 0, 0, 0], // STOP
  [0x01, 2, 1, 3], // ADD
  [0x02, 2, 1, 5], // MUL
  [0x03, 2, 1, 3], // SUB
  [0x04, 2, 1, 5], // DIV
  [0x05, 2, 1, 5], // SDIV
  [0x06, 2, 1, 5], // MOD
  [0x07, 2, 1, 5], // SMOD
  [0x08, 3, 1, 8], // ADDMOD
  [0x09, 3, 1, 8], // MULMOD
  [0x0a, 2, 1, 0], // EXP
  [0x0b, 2, 1, 5], // SIGNEXTEND
  [0x10, 2, 1, 3], // LT
  [0x11, 2, 1, 3], // GT
  [0x12, 2, 1, 3], // SLT
  [0x13, 2, 1, 3], // SGT
  [0x14, 2, 1, 3], // EQ
  [0x15, 1, 1, 3], // ISZERO
  [0x16, 2, 1, 3], // AND
  [0x17, 2, 1, 3], // OR
  [0x18, 2, 1, 3], // XOR
  [0x19, 1, 1, 3], // NOT
  [0x1a, 2, 1, 3], // BYTE
  [0x20, 2, 1, 30], // KECCAK256
  [0x30, 0, 1, 2], // ADDRESS
  [0x31, 1, 1, 20], // BALANCE
  [0x32, 0, 1, 2], // ORIGIN
  [0x33, 0, 1, 2], // CALLER
  [0x34, 0, 1, 2], // CALLVALUE
  [0x35, 1, 1, 3], // CALLDATALOAD
  [0x36, 0, 1, 2], // CALLDATASIZE
  [0x37, 3, 0, 3], // CALLDATACOPY
  [0x38, 0, 1, 2], // CODESIZE
  [0x39, 3, 0, 3], // CODECOPY
  [0x3a, 0, 1, 2], // GASPRICE
  [0x3b, 1, 1, 20], // EXTCODESIZE
  [0x3c, 4, 0, 20], // EXTCODECOPY
  [0x40, 1, 1, 20], // BLOCKHASH
  [0x41, 0, 1, 2], // COINBASE
  [0x42, 0, 1, 2], // TIMESTAMP
  [0x43, 0, 1, 2], // NUMBER
  [0x44, 0, 1, 2], // DIFFICULTY, PREVRANDAO
  [0x45, 0, 1, 2], // GASLIMIT
  [0x50, 1, 0, 2], // POP
  [0x51, 1, 1, 3], // MLOAD
  [0x52, 2, 0, 3], // MSTORE
  [0x53, 2, 0, 3], // MSTORE8
  [0x54, 1, 1, 50], // SLOAD
  [0x55, 2, 0, 0], // SSTORE
  [0x56, 1, 0, 8], // JUMP
  [0x57, 2, 0, 10], // JUMPI
  [0x58, 0, 1, 2], // PC
  [0x59, 0, 1, 2], // MSIZE
  [0x5a, 0, 1, 2], // GAS
  [0x5b, 0, 0, 1], // JUMPDEST
  ...range(32, (i): Operation => [0x60 + i, 0, 1, 3]), // PUSH1 … PUSH32
  ...range(16, (i): Operation => [0x80 + i, i + 1, i + 2, 3]), // DUP1 … DUP16
  ...range(16, (i): Operation => [0x90 + i, i + 2, i + 2, 3]), // SWAP1 … SWAP16
  ...range(5, (i): Operation => [0xa0 + i, i + 2, 0, 375]), // LOG0 … LOG4
  [0xf0, 3, 1, 32_000], // CREATE
  [0xf1, 7, 1, 40], // CALL
  [0xf2, 7, 1, 40], // CALLCODE
  [0xf3, 2, 0, 0], // RETURN
  [0xff, 1, 0, 0], // SELFDESTRUCT
];

const changes: readonly (readonly [fork: ForkName, operations: readonly Operation[]])[] = [
  // EIP-7: DELEGATECALL
  ['homestead', [[0xf4, 6, 1, 40]]],
  [
    'tangerineWhistle',
    [
      // EIP-150
      [0x31, 1, 1, 400],
      [0x3b, 1, 1, 700],
      [0x3c, 4, 0, 700],
      [0x54, 1, 1, 200],
      [0xf1, 7, 1, 700],
      [0xf2, 7, 1, 700],
      [0xf4, 6, 1, 700],
      [0xff, 1, 0, 5000],
    ],
  ],
  [
    'byzantium',
    [
      [0x3d, 0, 1, 2], // RETURNDATASIZE (EIP-211)
      [0x3e, 3, 0, 3], // RETURNDATACOPY
      [0xfa, 6, 1, 700], // STATICCALL (EIP-214)
      [0xfd, 2, 0, 0], // REVERT (EIP-140)
    ],
  ],
  [
    'constantinople',
    [
      [0x1b, 2, 1, 3], // SHL (EIP-145)
      [0x1c, 2, 1, 3], // SHR
      [0x1d, 2, 1, 3], // SAR
      [0x3f, 1, 1, 400], // EXTCODEHASH (EIP-1052)
      [0xf5, 4, 1, 32_000], // CREATE2 (EIP-1014)
    ],
  ],
  [
    'istanbul',
    [
      [0x46, 0, 1, 2], // CHAINID (EIP-1344)
      [0x47, 0, 1, 5], // SELFBALANCE (EIP-1884)
      [0x31, 1, 1, 700],
      [0x3f, 1, 1, 700],
      [0x54, 1, 1, 800],
    ],
  ],
  [
    'berlin',
    [
      // EIP-2929: for accesses that are not the first of a transaction
      [0x31, 1, 1, 100],
      [0x3b, 1, 1, 100],
      [0x3c, 4, 0, 100],
      [0x3f, 1, 1, 100],
      [0x54, 1, 1, 100],
      [0xf1, 7, 1, 100],
      [0xf2, 7, 1, 100],
      [0xf4, 6, 1, 100],
      [0xfa, 6, 1, 100],
    ],
  ],
  // EIP-3198: BASEFEE
  ['london', [[0x48, 0, 1, 2]]],
  // EIP-3855: PUSH0
  ['shanghai', [[0x5f, 0, 1, 2]]],
  [
    'cancun',
    [
      [0x49, 1, 1, 3], // BLOBHASH (EIP-4844)
      [0x4a, 0, 1, 2], // BLOBBASEFEE (EIP-7516)
      [0x5c, 1, 1, 100], // TLOAD (EIP-1153)
      [0x5d, 2, 0, 100], // TSTORE
      [0x5e, 3, 0, 3], // MCOPY (EIP-5656)
    ],
  ],
  // EIP-7939: CLZ
  ['osaka', [[0x1e, 1, 1, 5]]],
  [
    'amsterdam',
    [
      [0x4b, 0, 1, 2], // SLOTNUM (EIP-7843)
      [0xe6, 1, 2, 3], // DUPN (EIP-8024)
      [0xe7, 2, 2, 3], // SWAPN
      [0xe8, 2, 2, 3], // EXCHANGE
      [0xf0, 3, 1, 12_000], // EIP-8038
      [0xf5, 4, 1, 12_000],
      // A second read, of the code itself
      [0x3b, 1, 1, 200],
      [0x3c, 4, 0, 200],
    ],
  ],
];

export function opcodeTable(fork: ForkName): OpcodeTable {
  const table = { gas: new Uint16Array(256), stack: new Int32Array(256).fill(undefinedOpcode) };
  const active = changes.filter(([since]) => isAtLeast(fork, since)).flatMap(([, operations]) => operations);
  for (const [opcode, pops, pushes, gas] of [...frontier, ...active]) {
    table.gas[opcode] = gas;
    table.stack[opcode] = ((stackLimit + pops - pushes) << 16) | pops;
  }
  return table;
}

function range<T>(count: number, entry: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => entry(i));
}
