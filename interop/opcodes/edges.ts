import type { Random } from '../../test/fuzz/random.ts';
import { Code } from './code.ts';
import { type Fork, isAtLeast } from './forks.ts';
import { initCode } from './init-code.ts';
import { type Instruction, undefinedBytes } from './instructions.ts';
import type { Message } from './message.ts';
import { operand } from './values.ts';
import { addressOf, exhausted, sender, subject, type Wrapper, wrappers } from './world.ts';

const stackLimit = 1024;

/** A message to the subject, with defaults for what a case does not vary. */
export function messageOf(
  title: string,
  code: Code,
  random: Random,
  fork: Fork,
  fields: Partial<Message> = {},
): Message {
  return {
    title,
    caller: sender,
    to: subject,
    data: `0x${Buffer.from(random.bytes(random.pick([0, 4, 32, 33, 68]))).toString('hex')}`,
    value: random.pick(['0x0', '0x0', '0x0', '0x1', '0xde0b6b3a7640000']),
    gas: random.pick([60_000, 200_000, 1_000_000, 10_000_000]),
    stateGas: isAtLeast(fork, 'amsterdam') ? random.pick([0, 0, 1_000, 1_000_000]) : 0,
    gasPrice: random.pick(['0x0', '0x3b9aca00', `0x1${'0'.repeat(16)}`]),
    blobHashes: isAtLeast(fork, 'cancun')
      ? Array.from({ length: random.below(3) }, (_, at) => `0x01${`${at + 1}`.repeat(62)}`)
      : [],
    code: { [subject]: code.hex() },
    ...fields,
  };
}

/** A program that runs one instruction with operands at the edges, and lets its effect be seen. */
export function edgeMessage(fork: Fork, instruction: Instruction, random: Random): Message {
  if (instruction.name === 'SSTORE' && random.oneIn(4)) return sentryMessage(fork, random);
  const code = new Code();
  if (instruction.name.startsWith('JUMP')) jump(code, instruction, random);
  else if (isStackInstruction(instruction)) shuffle(code, instruction, random);
  else if (random.oneIn(8)) fullStack(code, instruction, random);
  else {
    const init = prepare(code, instruction, random);
    // Sometimes one operand is missing.
    const missing =
      instruction.operands.length > 0 && random.oneIn(12) ? 1 + random.below(instruction.operands.length) : 0;
    const values = instruction.operands.map((kind) => operand(kind, random));
    // Mostly the whole init code, and nothing else.
    if (init > 0 && !random.oneIn(4)) values.splice(1, 2, 0n, BigInt(init));
    for (const value of values.toReversed().slice(missing)) code.push(value, 32);
    execute(code, instruction, random);
    // A program that ends here is the one whose gas, or one less, is just enough for the instruction.
    if (!random.oneIn(5)) observe(code, instruction.results, random);
  }
  return messageOf(instruction.name, code, random, fork, route(fork, instruction, random, code));
}

/** An SSTORE with about as much gas as EIP-2200 wants to be left before it. */
function sentryMessage(fork: Fork, random: Random): Message {
  // A write of the value that the slot has costs less than is wanted.
  const [slot, value] = random.pick([
    [0n, 0n],
    [1n, 1n],
    [3n, 0xdeadn],
    [operand('slot', random), operand('word', random)],
  ] as const);
  const code = new Code().push(value, 32).push(slot, 32).add('SSTORE');
  const pushes = 6;
  return messageOf('SSTORE', code, random, fork, { gas: pushes + 2_298 + random.below(5), stateGas: 0 });
}

/** A program that runs a byte which is not an instruction. */
export function undefinedMessage(fork: Fork, random: Random): Message {
  const code = new Code();
  for (let i = 0; i < 5; i++) code.push(operand('word', random), 32);
  code.raw([random.pick(undefinedBytes(fork))]);
  observe(code, 1, random);
  return messageOf('undefined', code, random, fork);
}

/** A call of any account with any value, without code of its own. */
export function transferMessage(fork: Fork, random: Random): Message {
  const to = `0x${(operand('address', random) % 2n ** 160n).toString(16).padStart(40, '0')}`;
  const gas = random.pick([0, 1, 2_300, 25_000, 200_000, 1_000_000]);
  return messageOf('transfer', new Code(), random, fork, { to, gas, code: {} });
}

function isStackInstruction({ name }: Instruction): boolean {
  return /^(?:DUP|SWAP|EXCHANGE|POP)/.test(name);
}

/** The instruction, with its operand in the code if it has one. */
function execute(code: Code, { name, byte }: Instruction, random: Random): void {
  code.raw([byte]);
  const width = /^PUSH(\d+)$/.exec(name)?.[1];
  if (width !== undefined) {
    // A PUSH at the end of the code reads zeros beyond it.
    code.raw(random.bytes(random.oneIn(6) ? random.below(Number(width)) : Number(width)));
  } else if (/^(?:DUPN|SWAPN|EXCHANGE)$/.test(name) && !random.oneIn(12)) {
    code.raw([random.below(256)]);
  }
}

/**
 * Does what makes a difference to an instruction: memory, return data, warm accounts and slots, earlier writes.
 *
 * @returns the length of the init code in memory
 */
function prepare(code: Code, { name, operands }: Instruction, random: Random): number {
  const init = name.startsWith('CREATE') ? initCode(random) : new Uint8Array(0);
  if (init.length > 0) code.store(init, 0);
  else if (random.oneIn(2)) code.store(random.bytes(random.pick([32, 64, 96])), 0);
  if (name.startsWith('RETURNDATA') || random.oneIn(10)) {
    const callee = random.pick([0xe1, 0xe2, 0xe5, 0xf3, 4]);
    code.add(0, 0, random.pick([0, 32, 33, 64]), 0, 0, callee, 100_000, 'CALL', 'POP');
  }
  if (operands.includes('slot') && !random.oneIn(3)) {
    for (let i = random.below(3); i >= 0; i--) {
      const slot = operand('slot', random);
      if (random.oneIn(2)) code.push(slot, 32).add('SLOAD', 'POP');
      else
        code
          .push(operand('word', random), 32)
          .push(slot, 32)
          .add(name === 'TLOAD' ? 'TSTORE' : 'SSTORE');
    }
  }
  if (operands.includes('address') && random.oneIn(3)) code.push(operand('address', random), 32).add('BALANCE', 'POP');
  return init.length;
}

/** Makes results and memory visible: as output, in storage or in a log. */
function observe(code: Code, results: number, random: Random): void {
  for (let i = 0; i < results; i++) {
    const way = random.below(4);
    if (way === 0) code.add(0x2a + i, 'SSTORE');
    else if (way === 1) code.add(0, 0, 'LOG1');
    else code.add(32 * i, 'MSTORE');
  }
  if (random.oneIn(4)) code.add('GAS', 64, 'MSTORE');
  code.add('MSIZE', 0, random.oneIn(8) ? 'REVERT' : 'RETURN');
}

/** An instruction on a stack that is almost full. */
function fullStack(code: Code, instruction: Instruction, random: Random): void {
  const height = stackLimit - random.below(4);
  code.add(random.below(256));
  for (let i = 1; i < height; i++) code.add('DUP1');
  execute(code, instruction, random);
  // Room for the operands of what shows that the instruction did not fail.
  code.add('POP', 'POP', 'POP', 'POP', 1, 0x2a, 'SSTORE');
}

/** An instruction that only moves entries of the stack, each of which has its own value. */
function shuffle(code: Code, instruction: Instruction, random: Random): void {
  const isFull = random.oneIn(10);
  const isLong = instruction.name.endsWith('N') || instruction.name === 'EXCHANGE';
  const height = isFull ? stackLimit - random.below(3) : random.below(isLong ? 260 : 20);
  for (let i = 0; i < height; i++) code.add(isFull ? i % 256 : i + 1);
  execute(code, instruction, random);
  if (isFull) {
    code.add('POP', 'POP', 'ADD', 0x2a, 'SSTORE');
    return;
  }
  // The order of the entries as one digest.
  for (let i = 0; i < Math.max(0, height - 1); i++) code.add(32 * i, 'MSTORE');
  code.add('MSIZE', 0, 'KECCAK256', 0, 'MSTORE', 32, 0, 'RETURN');
}

/** Jumps to valid and invalid destinations: into the data of a PUSH, beyond the code, beyond 2^64. */
function jump(code: Code, { name, byte }: Instruction, random: Random): void {
  if (name === 'JUMPDEST') {
    code.raw(Array.from({ length: random.below(40) }, () => byte));
    observe(code, 0, random);
    return;
  }
  if (name === 'JUMPI') {
    if (random.oneIn(10)) code.add(1);
    else code.push(random.pick([0n, 0n, 1n, 2n, 2n ** 64n, 2n ** 255n]), 32);
  }
  const distance = random.below(40);
  const start = code.length + 33 + 1;
  const valid = start + distance + 3;
  const target = random.pick([
    BigInt(valid),
    BigInt(valid),
    BigInt(valid),
    // A byte of a PUSH, the code before and after, its end.
    BigInt(valid - 1),
    BigInt(valid + 1),
    BigInt(valid + 2),
    BigInt(start),
    2n ** 32n + BigInt(valid),
    2n ** 64n + BigInt(valid),
    2n ** 256n - 1n,
    operand('target', random),
  ]);
  if (random.oneIn(20)) code.add(Number(target % 256n));
  else code.push(target, 32);
  code.raw([byte]);
  // What runs when the jump is not taken.
  code.add(1, 0x2b, 'SSTORE');
  while (code.length < valid - 2) code.raw([random.pick([0x5b, 0x00, 0x60])]);
  code.raw([0x60, 0x5b]);
  code.raw([0x5b]);
  code.add(1, 0x2a, 'SSTORE', 'PC', 0, 'MSTORE', 'MSIZE', 0, 'RETURN');
  if (random.oneIn(4)) code.raw([0x7f, 0x5b, 0x5b]);
}

/** Whether the subject is called directly, or by another contract in another kind of frame. */
function route(fork: Fork, { name }: Instruction, random: Random, code: Code): Partial<Message> {
  if (name.startsWith('CREATE') && random.oneIn(12)) return { to: exhausted, code: { [exhausted]: code.hex() } };
  if (random.oneIn(25)) return { to: undefined, data: code.hex(), code: {} };
  if (!random.oneIn(4)) return {};
  const ways: Wrapper[] = ['CALL', 'CALLCODE'];
  if (isAtLeast(fork, 'homestead')) ways.push('DELEGATECALL');
  if (isAtLeast(fork, 'byzantium')) ways.push('STATICCALL', 'STATICCALL', 'STATICCALL');
  // Through a delegation of another account.
  if (isAtLeast(fork, 'prague') && random.oneIn(4)) {
    const delegator = addressOf(0xb1);
    return { to: delegator, code: { [subject]: code.hex(), [delegator]: `0xef0100${subject.slice(2)}` } };
  }
  return { to: wrappers[random.pick(ways)] };
}
