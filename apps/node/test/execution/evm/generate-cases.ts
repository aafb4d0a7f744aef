import {
  type CaseAccount,
  type CaseFork,
  caller,
  caseForks,
  contract,
  hexWord,
  type OpcodeCase,
} from './opcode-case.ts';

/** An account whose code is given in `accounts` of the cases. */
const library = '0x11b0000000000000000000000000000000000004';
/** An account with a balance only. */
const rich = '0x51c4000000000000000000000000000000000005';
/** An account that delegates to `library`, from Prague on. */
const delegated = '0xde1e000000000000000000000000000000000006';
const absent = '0xab5e000000000000000000000000000000000007';

/** Numbers from a seed, so that a case can be made again from its id. */
class CaseRandom {
  #state: number;

  constructor(seed: string) {
    let state = 0x811c9dc5;
    for (let i = 0; i < seed.length; i++) state = Math.imul(state ^ seed.charCodeAt(i), 0x01000193);
    this.#state = state;
  }

  /** From 0 to `count - 1`. */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) % count;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  bytes(length: number): number[] {
    return Array.from({ length }, () => this.below(256));
  }
}

interface OpcodeShape {
  readonly opcode: number;
  readonly since: CaseFork;
  readonly pops: number;
  readonly pushes: number;
  /** For each operand, the top of the stack first, which values it usually has. @default `word` */
  readonly operands?: readonly OperandKind[] | undefined;
}

type OperandKind = 'word' | 'offset' | 'length' | 'address' | 'gas' | 'value' | 'slot' | 'index' | 'number' | 'shift';

const copy = ['offset', 'offset', 'length'] as const;

/** All opcodes with their operands. */
export const opcodeShapes: readonly OpcodeShape[] = [
  ...range(0x01, 0x07, 2, 1),
  ...range(0x08, 0x09, 3, 1),
  shape(0x0a, 2, 1),
  shape(0x0b, 2, 1, ['shift']),
  ...range(0x10, 0x14, 2, 1),
  shape(0x15, 1, 1),
  ...range(0x16, 0x18, 2, 1),
  shape(0x19, 1, 1),
  shape(0x1a, 2, 1, ['shift']),
  ...range(0x1b, 0x1d, 2, 1, ['shift'], 'constantinople'),
  shape(0x1e, 1, 1, undefined, 'osaka'),
  shape(0x20, 2, 1, ['offset', 'length']),
  shape(0x30, 0, 1),
  shape(0x31, 1, 1, ['address']),
  ...range(0x32, 0x34, 0, 1),
  shape(0x35, 1, 1, ['offset']),
  shape(0x36, 0, 1),
  shape(0x37, 3, 0, copy),
  shape(0x38, 0, 1),
  shape(0x39, 3, 0, copy),
  shape(0x3a, 0, 1),
  shape(0x3b, 1, 1, ['address']),
  shape(0x3c, 4, 0, ['address', ...copy]),
  shape(0x3d, 0, 1, undefined, 'byzantium'),
  shape(0x3e, 3, 0, copy, 'byzantium'),
  shape(0x3f, 1, 1, ['address'], 'constantinople'),
  shape(0x40, 1, 1, ['number']),
  ...range(0x41, 0x45, 0, 1),
  ...range(0x46, 0x47, 0, 1, undefined, 'istanbul'),
  shape(0x48, 0, 1, undefined, 'london'),
  shape(0x49, 1, 1, ['index'], 'cancun'),
  shape(0x4a, 0, 1, undefined, 'cancun'),
  shape(0x4b, 0, 1, undefined, 'amsterdam'),
  shape(0x50, 1, 0),
  shape(0x51, 1, 1, ['offset']),
  ...range(0x52, 0x53, 2, 0, ['offset']),
  shape(0x54, 1, 1, ['slot']),
  shape(0x55, 2, 0, ['slot', 'value']),
  shape(0x56, 1, 0, ['offset']),
  shape(0x57, 2, 0, ['offset']),
  ...range(0x58, 0x5a, 0, 1),
  shape(0x5b, 0, 0),
  shape(0x5c, 1, 1, ['slot'], 'cancun'),
  shape(0x5d, 2, 0, ['slot', 'value'], 'cancun'),
  shape(0x5e, 3, 0, copy, 'cancun'),
  shape(0x5f, 0, 1, undefined, 'shanghai'),
  ...range(0x60, 0x7f, 0, 1),
  ...Array.from({ length: 16 }, (_, i) => shape(0x80 + i, i + 1, i + 2)),
  ...Array.from({ length: 16 }, (_, i) => shape(0x90 + i, i + 2, i + 2)),
  ...Array.from({ length: 5 }, (_, i) => shape(0xa0 + i, i + 2, 0, ['offset', 'length'])),
  shape(0xe6, 17, 18, undefined, 'amsterdam'),
  shape(0xe7, 18, 18, undefined, 'amsterdam'),
  shape(0xe8, 17, 17, undefined, 'amsterdam'),
  shape(0xf0, 3, 1, ['value', 'offset', 'length']),
  ...range(0xf1, 0xf2, 7, 1, ['gas', 'address', 'value', 'offset', 'length', 'offset', 'length']),
  shape(0xf3, 2, 0, ['offset', 'length']),
  shape(0xf4, 6, 1, ['gas', 'address', 'offset', 'length', 'offset', 'length'], 'homestead'),
  shape(0xf5, 4, 1, ['value', 'offset', 'length', 'word'], 'constantinople'),
  shape(0xfa, 6, 1, ['gas', 'address', 'offset', 'length', 'offset', 'length'], 'byzantium'),
  shape(0xfd, 2, 0, ['offset', 'length'], 'byzantium'),
  shape(0xfe, 0, 0),
  shape(0xff, 1, 0, ['address']),
];

function shape(
  opcode: number,
  pops: number,
  pushes: number,
  operands?: readonly OperandKind[],
  since: CaseFork = 'frontier',
): OpcodeShape {
  return { opcode, since, pops, pushes, operands };
}

function range(
  first: number,
  last: number,
  pops: number,
  pushes: number,
  operands?: readonly OperandKind[],
  since?: CaseFork,
): OpcodeShape[] {
  return Array.from({ length: last - first + 1 }, (_, i) => shape(first + i, pops, pushes, operands, since));
}

const powers = [0, 1, 7, 8, 31, 32, 63, 64, 127, 128, 159, 160, 255].map((bits) => 1n << BigInt(bits));
const maxWord = (1n << 256n) - 1n;
const edgeWords = [
  ...new Set([
    0n,
    2n,
    3n,
    5n,
    30n,
    33n,
    256n,
    257n,
    maxWord,
    maxWord - 1n,
    ...powers.flatMap((p) => [p - 1n, p, p + 1n]),
  ]),
];
const offsets = [0n, 1n, 31n, 32n, 33n, 64n, 100n, 255n, 1024n, 5000n];
const lengths = [0n, 0n, 1n, 5n, 31n, 32n, 33n, 64n, 200n, 1023n];
const hugeWords = [1n << 32n, 0x1fffffffe0n, (1n << 53n) + 1n, (1n << 63n) - 1n, (1n << 64n) - 32n, 1n << 64n, maxWord];
const addresses = [
  caller,
  contract,
  library,
  rich,
  delegated,
  absent,
  '0x1',
  '0x2',
  '0x3',
  '0x4',
  '0x5',
  '0x9',
  '0xa',
  '0x100',
];

function operand(random: CaseRandom, kind: OperandKind): bigint {
  if (random.below(12) === 0) return word(random);
  switch (kind) {
    case 'offset':
      return random.below(8) === 0 ? random.of(hugeWords) : random.of(offsets);
    case 'length':
      return random.below(8) === 0 ? random.of(hugeWords) : random.of(lengths);
    case 'address':
      return BigInt(random.of(addresses)) + (random.below(6) === 0 ? 1n << 160n : 0n);
    case 'gas':
      return random.of([0n, 1n, 700n, 2300n, 5000n, 30_000n, 1_000_000n, maxWord]);
    case 'value':
      return random.of([0n, 0n, 0n, 1n, 2n, 1n << 64n, 1n << 70n]);
    case 'slot':
      return random.of([0n, 0n, 1n, 1n, 2n, 3n, maxWord]);
    case 'index':
      return random.of([0n, 1n, 2n, 3n, maxWord]);
    case 'number':
      return random.of([0n, 1n, 743n, 744n, 745n, 900n, 999n, 1000n, 1001n, 1n << 64n]);
    case 'shift':
      return random.of([0n, 1n, 8n, 30n, 31n, 32n, 33n, 127n, 255n, 256n, 257n]);
    default:
      return word(random);
  }
}

function word(random: CaseRandom): bigint {
  if (random.below(3) > 0) return random.of(edgeWords);
  return BigInt(
    `0x${random
      .bytes(1 + random.below(32))
      .map(hexByte)
      .join('')}`,
  );
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** PUSH with the least number of bytes; PUSH1 0 for 0. */
function push(value: bigint): number[] {
  const digits = value.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return [0x5f + bytes.length, ...bytes];
}

function isSince(fork: CaseFork, since: CaseFork): boolean {
  return caseForks.indexOf(fork) >= caseForks.indexOf(since);
}

/** Makes the case of an opcode with a number: the operands, the opcode, and then a return of all that can be seen. */
export function opcodeCase(fork: CaseFork, { opcode, pops, operands = [] }: OpcodeShape, number: number): OpcodeCase {
  const id = `${fork}/${hexByte(opcode)}/${number}`;
  const random = new CaseRandom(id);
  const code: number[] = [...prologue(random, fork)];
  const missing = random.below(16) === 0 ? 1 + random.below(2) : 0;
  const isFull = random.below(24) === 0;
  if (isFull) for (let i = 0; i < 1021 - pops + random.below(5); i++) code.push(0x58);
  const values = Array.from({ length: pops }, (_, i) => operand(random, operands[i] ?? 'word'));
  if (opcode === 0x56 || opcode === 0x57) jump(random, code, values, opcode);
  else {
    for (const value of values.slice(0, Math.max(pops - missing, 0)).reverse()) code.push(...push(value));
    code.push(opcode, ...immediate(random, opcode));
  }
  if (!isFull) code.push(...epilogue(fork));
  return withSurroundings(random, fork, id, code);
}

/** A JUMP or JUMPI to one of the places around its JUMPDEST. */
function jump(random: CaseRandom, code: number[], values: readonly bigint[], opcode: number): void {
  const isConditional = opcode === 0x57;
  if (isConditional) code.push(...push(values[1] as bigint));
  const target = code.length + 6 + random.of([0, 0, 0, 0, 1, 2, 3]);
  const wrong = random.below(8) === 0 ? (1n << 64n) + BigInt(target) : undefined;
  if (wrong !== undefined) code.push(...push(wrong), opcode, 0x5b, 0x5b);
  // PUSH2 target, JUMP, STOP, STOP, JUMPDEST, PUSH1 JUMPDEST, JUMPDEST
  else code.push(0x61, target >> 8, target & 0xff, opcode, 0x00, 0x00, 0x5b, 0x60, 0x5b, 0x5b);
}

function immediate(random: CaseRandom, opcode: number): number[] {
  if (opcode >= 0x60 && opcode <= 0x7f) return random.bytes(random.below(8) === 0 ? random.below(3) : opcode - 0x5f);
  return opcode >= 0xe6 && opcode <= 0xe8 ? random.bytes(1) : [];
}

/** Fills memory, storage and return data at times. */
function prologue(random: CaseRandom, fork: CaseFork): number[] {
  const code: number[] = [];
  if (random.below(2) === 0) code.push(...push(word(random)), ...push(BigInt(random.below(64))), 0x52);
  if (random.below(3) === 0) code.push(...push(random.of([0n, 1n, 2n])), ...push(random.of([0n, 1n, 2n])), 0x55);
  if (isSince(fork, 'byzantium') && random.below(3) === 0) {
    const target = BigInt(random.of([library, '0x4', rich]));
    for (const value of [0n, 0n, 64n, 0n, target, 60_000n]) code.push(...push(value));
    code.push(0xfa, 0x50);
  }
  return code;
}

/** Returns the top of the stack, MSIZE, GAS and the size of the return data. */
function epilogue(fork: CaseFork): number[] {
  const code: number[] = [0x58, 0x60, 0x00, 0x52, 0x60, 0x00, 0x52];
  code.push(0x59, 0x60, 0x20, 0x52, 0x5a, 0x60, 0x40, 0x52);
  if (isSince(fork, 'byzantium')) code.push(0x3d, 0x60, 0x60, 0x52);
  code.push(0x60, 0x80, 0x60, 0x00, 0xf3);
  return code;
}

/** Makes a case from random instructions with usual operands. */
export function programCase(fork: CaseFork, number: number): OpcodeCase {
  const id = `${fork}/program/${number}`;
  const random = new CaseRandom(id);
  const length = 1 + random.below(40);
  return withSurroundings(random, fork, id, program(random, fork, length));
}

function program(random: CaseRandom, fork: CaseFork, length: number): number[] {
  const shapes = opcodeShapes.filter(({ since }) => isSince(fork, since) || random.below(50) === 0);
  const code: number[] = [];
  for (let i = 0; i < length; i++) {
    const { opcode, pops, operands = [] } = random.of(shapes);
    const isEnd = opcode === 0xf3 || opcode === 0xfd || opcode === 0xfe || opcode === 0xff || opcode === 0x56;
    if (isEnd && random.below(8) > 0) continue;
    if (random.below(20) > 0) {
      const values = Array.from({ length: pops }, (_, at) => operand(random, operands[at] ?? 'word'));
      for (const value of values.reverse()) code.push(...push(value));
    }
    code.push(opcode, ...immediate(random, opcode));
    if (random.below(6) === 0) code.push(0x5b);
  }
  if (random.below(2) === 0) code.push(...epilogue(fork));
  return code;
}

/** Adds gas, value, accounts and earlier accesses. */
function withSurroundings(random: CaseRandom, fork: CaseFork, id: string, code: readonly number[]): OpcodeCase {
  const accounts: Record<string, CaseAccount> = {
    [library]: { nonce: 1, balance: '0x10', code: libraryCode(random, fork), storage: { [hexWord(1n)]: '0x1' } },
    [rich]: { balance: '0x64' },
  };
  if (isSince(fork, 'prague')) accounts[delegated] = { nonce: 1, balance: '0x7', code: `0xef0100${library.slice(2)}` };
  // An account that is empty, but exists: only possible before Spurious Dragon, and removed when it is touched.
  if (random.below(4) === 0) accounts[absent] = {};
  return {
    id,
    fork,
    code: hex(code),
    input: hex(random.bytes(random.of([0, 4, 32, 36, 100]))),
    gas: random.of([21_000, 30_000, 100_000, 1_000_000, 1_000_000, 3_000_000, 3_000_000]) + random.below(3000),
    ...(isSince(fork, 'amsterdam') ? { stateGas: random.of([0, 0, 50_000, 97_920, 200_000, 1_000_000]) } : {}),
    value: random.of(['0x0', '0x0', '0x1', '0xffff']),
    storage: { [hexWord(1n)]: '0x1', [hexWord(2n)]: '0xabcdef' },
    accounts,
    ...(isSince(fork, 'berlin') && random.below(3) === 0
      ? { warm: { [random.of([library, rich, absent])]: [], [contract]: [hexWord(random.of([0n, 1n]))] } }
      : {}),
  };
}

/** Code of the account that is called most. */
function libraryCode(random: CaseRandom, fork: CaseFork): string {
  const kind = random.below(8);
  if (kind < 3) return hex(program(random, fork, 1 + random.below(6)));
  if (kind === 3) return hex([...push(0n), ...push(1n), 0x55, ...epilogue(fork)]);
  if (kind === 4) return hex([...push(word(random)), ...push(random.of([0n, 1n, 2n])), 0x55]);
  if (kind === 5) return hex([...push(BigInt(random.of(addresses))), 0xff]);
  if (kind === 6) return hex([...push(word(random)), ...push(0n), 0x52, ...push(40n), ...push(0n), 0xfd]);
  return hex(epilogue(fork));
}

function hex(bytes: readonly number[]): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
