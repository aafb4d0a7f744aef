import type { Random } from '../../test/fuzz/random.ts';
import { Code } from './code.ts';
import { messageOf } from './edges.ts';
import { type Fork, isAtLeast } from './forks.ts';
import { deploying, initCode } from './init-code.ts';
import { type Instruction, instructionsOf } from './instructions.ts';
import type { Message } from './message.ts';
import { operand } from './values.ts';
import { addressOf, partners, subject } from './world.ts';

/** A program under construction, with the height of its stack as far as it is known. */
interface Draft {
  readonly fork: Fork;
  readonly random: Random;
  readonly code: Code;
  height: number;
  /** Nesting of loops and branches. */
  depth: number;
}

type Statement = (draft: Draft) => void;

const maxLength = 2_000;

function has(fork: Fork, name: string): boolean {
  return instructionsOf(fork).some((instruction) => instruction.name === name);
}

const controlFlow =
  /^(?:STOP|JUMP|JUMPI|RETURN|REVERT|INVALID|SELFDESTRUCT|CREATE2?|CALL|CALLCODE|DELEGATECALL|STATICCALL)$/;
const plainOf = new Map<Fork, readonly Instruction[]>();

/** Instructions that only take and give entries of the stack, without those that move entries or end the frame. */
function plainInstructions(fork: Fork): readonly Instruction[] {
  let plain = plainOf.get(fork);
  if (plain === undefined) {
    plain = instructionsOf(fork).filter(
      ({ name }) => !controlFlow.test(name) && !/^(?:PUSH|DUP|SWAP|EXCHANGE|JUMPDEST|POP|RETURNDATACOPY)/.test(name),
    );
    plainOf.set(fork, plain);
  }
  return plain;
}

/** An instruction whose operands are partly on the stack already. */
function plain(draft: Draft): void {
  const { random, code } = draft;
  const { operands, results, byte, name } = random.pick(plainInstructions(draft.fork));
  // Regions of memory at any place mostly end a program.
  const isRegion = operands.some((kind) => kind === 'offset' || kind === 'length');
  const reuse = !isRegion && draft.height >= operands.length && random.oneIn(2);
  if (!reuse) {
    for (const kind of operands.toReversed()) code.push(tame(draft, operand(kind, random), kind));
    draft.height += operands.length;
  }
  code.raw([byte]);
  draft.height += results - operands.length;
  if (name === 'GAS' && random.oneIn(2)) {
    code.add(draft.random.below(8), 'SSTORE');
    draft.height--;
  }
}

function tame({ random }: Draft, value: bigint, kind: string): bigint {
  const isRegion = kind === 'offset' || kind === 'length' || kind === 'source';
  return isRegion && value > 2_000n && !random.oneIn(40) ? value % 200n : value;
}

function push(draft: Draft): void {
  const value = operand('word', draft.random);
  draft.code.push(value, draft.random.oneIn(4) ? 32 : undefined);
  draft.height++;
}

function move(draft: Draft): void {
  const { random, code } = draft;
  if (draft.height === 0) {
    push(draft);
    return;
  }
  const depth = 1 + random.below(Math.min(16, draft.height + (random.oneIn(30) ? 1 : 0)));
  if (random.oneIn(2)) {
    code.add(`DUP${depth}`);
    draft.height++;
  } else if (depth < draft.height) code.add(`SWAP${depth}`);
  else {
    code.add('POP');
    draft.height--;
  }
}

function storeWord(draft: Draft): void {
  const { random, code } = draft;
  if (draft.height === 0) push(draft);
  const name = random.pick(['MSTORE', 'MSTORE', 'MSTORE8', 'SSTORE', ...(has(draft.fork, 'TSTORE') ? ['TSTORE'] : [])]);
  code.push(name.startsWith('M') ? BigInt(random.below(160)) : operand('slot', random)).add(name);
  draft.height--;
}

/** A branch that is taken if the entry on top is not 0. */
function branch(draft: Draft): void {
  const { random, code } = draft;
  if (draft.depth >= 3) return;
  if (draft.height === 0) push(draft);
  const skip = code.label();
  code.add('JUMPI');
  draft.height--;
  const before = draft.height;
  draft.depth++;
  statements(draft, 1 + random.below(4));
  draft.depth--;
  // Both ways arrive with the same height.
  while (draft.height > before) {
    code.add('POP');
    draft.height--;
  }
  for (; draft.height < before; draft.height++) code.add(1);
  skip(code.length);
  code.add('JUMPDEST');
}

/** A loop that runs a few times: the counter is in memory, where the body may overwrite it. */
function loop(draft: Draft): void {
  const { random, code } = draft;
  if (draft.depth >= 2) return;
  const counter = 32 * random.below(4);
  code.add(2 + random.below(20), counter, 'MSTORE');
  const start = code.length;
  code.add('JUMPDEST');
  const before = draft.height;
  draft.depth++;
  statements(draft, 1 + random.below(4));
  draft.depth--;
  for (; draft.height > before; draft.height--) code.add('POP');
  for (; draft.height < before; draft.height++) code.add(0);
  code.add(1, counter, 'MLOAD', 'SUB', 'DUP1', counter, 'MSTORE', start, 'JUMPI');
}

function call(draft: Draft): void {
  const { fork, random, code } = draft;
  const names = ['CALL', 'CALL', 'CALL', 'CALLCODE'];
  if (has(fork, 'DELEGATECALL')) names.push('DELEGATECALL', 'DELEGATECALL');
  if (has(fork, 'STATICCALL')) names.push('STATICCALL');
  const name = random.pick(names);
  const size = () => BigInt(random.pick([0, 0, 32, 64, 96, 128, 192]));
  // Output length and offset, input length and offset.
  for (let i = 0; i < 2; i++) code.push(size()).push(BigInt(random.below(100)));
  if (name === 'CALL' || name === 'CALLCODE')
    code.push(random.oneIn(20) ? operand('value', random) : BigInt(random.below(3)));
  const target = random.below(4);
  if (target === 0) code.push(BigInt(random.pick(partners)), 20);
  else if (target === 1 && random.oneIn(2)) code.add('ADDRESS');
  else code.push(operand('address', random));
  const gas = random.below(4);
  if (gas === 0) code.add(50_000, 'GAS', 'SUB');
  else code.add(gas === 1 ? random.below(3_000) : 1_000 + random.below(100_000));
  code.add(name);
  draft.height++;
  if (has(fork, 'RETURNDATACOPY') && random.oneIn(3)) {
    code.add('RETURNDATASIZE');
    if (random.oneIn(20)) code.add(1, 'ADD');
    code.add(0, random.below(64), 'RETURNDATACOPY');
  }
}

function create(draft: Draft): void {
  const { fork, random, code } = draft;
  const init = random.oneIn(3) ? deploying(programCode(fork, random, 3)) : initCode(random);
  if (code.length + init.length > maxLength) return;
  code.store(init, 0);
  const isSalted = has(fork, 'CREATE2') && random.oneIn(2);
  if (isSalted) code.add(random.below(2));
  code.add(init.length, 0, random.below(3), isSalted ? 'CREATE2' : 'CREATE');
  draft.height++;
  if (random.oneIn(2)) {
    // Calls the new contract.
    code.add(0, 0, 32, 0, 0, 'DUP6', 100_000, 'CALL');
    draft.height++;
  }
}

const weighted: readonly (readonly [weight: number, statement: Statement])[] = [
  [10, plain],
  [4, push],
  [4, move],
  [5, storeWord],
  [2, branch],
  [1, loop],
  [3, call],
  [1, create],
];
const total = weighted.reduce((sum, [weight]) => sum + weight, 0);

function statements(draft: Draft, count: number): void {
  for (let i = 0; i < count && draft.code.length < maxLength; i++) {
    let choice = draft.random.below(total);
    for (const [weight, statement] of weighted) {
      choice -= weight;
      if (choice < 0) {
        statement(draft);
        break;
      }
    }
  }
}

function end({ fork, random, code, height }: Draft): void {
  const choice = random.below(12);
  if (choice === 0) code.push(operand('address', random)).add('SELFDESTRUCT');
  else if (choice === 1) code.add('INVALID');
  else if (choice === 2 && has(fork, 'REVERT')) code.add('MSIZE', 0, 'REVERT');
  else if (choice === 3) code.add('STOP');
  else if (choice === 4) code.raw(random.bytes(random.below(20)));
  else {
    if (height > 0) code.add(0, 'MSTORE');
    code.add('MSIZE', 0, 'RETURN');
  }
}

/** Code of a random program of some statements. */
function programCode(fork: Fork, random: Random, count: number): Uint8Array {
  const draft: Draft = { fork, random, code: new Code(), height: 0, depth: 0 };
  statements(draft, count);
  end(draft);
  return draft.code.bytes();
}

/**
 * A random program that jumps, calls, creates and writes, and up to three others that it and the fixed contracts of the
 * world can call.
 */
export function randomMessage(fork: Fork, random: Random): Message {
  const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`;
  if (random.oneIn(30)) {
    const init = hex(programCode(fork, random, 1 + random.below(10)));
    return messageOf('program', new Code(), random, fork, { to: undefined, data: init, code: {} });
  }
  const code: Record<string, string> = { [subject]: hex(programCode(fork, random, 2 + random.below(25))) };
  for (const partner of partners)
    if (random.oneIn(2)) code[partner] = hex(programCode(fork, random, 1 + random.below(12)));
  const delegator = partners[0];
  if (isAtLeast(fork, 'prague') && delegator !== undefined && random.oneIn(10)) {
    code[delegator] = `0xef0100${random.pick([subject, addressOf(0xe5), addressOf(2)]).slice(2)}`;
  }
  return messageOf('program', new Code(), random, fork, {
    gas: random.pick([30_000, 100_000, 300_000, 1_000_000, 1_000_000, 3_000_000]) + random.below(1_000),
    code,
  });
}
