import { createRandom, type Random, seedOf } from '../../test/fuzz/random.ts';
import { describeDifference, differences, type ErrorMatch } from './compare.ts';
import { edgeMessage, transferMessage, undefinedMessage } from './edges.ts';
import type { EvmFactory } from './evms.ts';
import type { Fork } from './forks.ts';
import type { GethEvm } from './geth-evm.ts';
import { instructionsOf } from './instructions.ts';
import type { Message, Outcome, World } from './message.ts';
import { OurEvm } from './our-evm.ts';
import { randomMessage } from './programs.ts';
import { createWorld } from './world.ts';

/** An EVM that is compared with that of go-ethereum. */
export interface Candidate {
  readonly name: string;
  readonly createEvm: EvmFactory;
  /** Whether the kind of a failure counts, which has no effect on the state. */
  readonly errors: ErrorMatch;
  /** One in how many messages it runs. @default 1 */
  readonly oneIn?: number | undefined;
  /** Whether it leaves out a message for which it is known to differ. @default none */
  readonly skips?: ((fork: Fork, message: Message, expected: Outcome) => boolean) | undefined;
}

/** Number of messages for each fork. */
export interface Size {
  /** For each instruction; further ones have the gas that one of these used, or one less, or any less. */
  readonly perInstruction: number;
  /** Random programs. */
  readonly programs: number;
}

/** The messages and differences of one fork. */
export interface Report {
  messages: number;
  /** By candidate. */
  readonly differences: Map<string, string[]>;
}

/** Messages that run in the same world: it takes longer to make one than to run a message. */
const batch = 400;
/** Differences beyond these have no description. */
const describedDifferences = 5;

/** Runs generated messages of a fork in go-ethereum and in the candidates, and compares the outcomes. */
export async function runCampaign(
  fork: Fork,
  { perInstruction, programs }: Size,
  seed: number,
  geth: GethEvm,
  candidates: readonly Candidate[],
): Promise<Report> {
  const report = emptyReport(candidates);
  const random = createRandom(seedOf(seed, fork));
  const plan = messagePlan(fork, perInstruction, programs, random);
  for (let at = 0; at < plan.length; at += batch) {
    const world = createWorld(fork, random);
    const messages = plan.slice(at, at + batch).map((make) => make());
    const mayVary = ({ title }: Message) => title !== 'program' && random.oneIn(2);
    await runMessages(world, messages, mayVary, random, geth, candidates, report);
  }
  return report;
}

export function emptyReport(candidates: readonly Candidate[]): Report {
  return { messages: 0, differences: new Map(candidates.map(({ name }) => [name, []])) };
}

/** Runs messages in a world, and for those that may vary a second one with another amount of gas. */
export async function runMessages(
  world: World,
  messages: readonly Message[],
  mayVary: (message: Message) => boolean,
  random: Random,
  geth: GethEvm,
  candidates: readonly Candidate[],
  report: Report,
): Promise<void> {
  const outcomes = await geth.run(world, messages);
  const variants = messages.flatMap((message, index) => {
    const variant = mayVary(message) ? gasVariant(message, outcomes[index] as Outcome, random) : undefined;
    return variant === undefined ? [] : [variant];
  });
  const all = [...messages, ...variants];
  outcomes.push(...(await geth.run(world, variants)));
  report.messages += all.length;
  for (const candidate of candidates) await compare(world, all, outcomes, candidate, geth, report);
}

/** All messages in random order, so that each world has some of each instruction. */
function messagePlan(fork: Fork, perInstruction: number, programs: number, random: Random): (() => Message)[] {
  const plan: (() => Message)[] = [];
  for (const instruction of instructionsOf(fork)) {
    for (let i = 0; i < perInstruction; i++) plan.push(() => edgeMessage(fork, instruction, random));
  }
  for (let i = 0; i < 5 * perInstruction; i++) {
    plan.push(() => undefinedMessage(fork, random));
    plan.push(() => transferMessage(fork, random));
  }
  for (let i = 0; i < programs; i++) plan.push(() => randomMessage(fork, random));
  for (let i = plan.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [plan[i], plan[other]] = [plan[other] as () => Message, plan[i] as () => Message];
  }
  return plan;
}

/** The same message with the gas that it used, or with less; `undefined` if it used all gas. */
function gasVariant(message: Message, outcome: Outcome, random: Random): Message | undefined {
  const used = message.gas - outcome.gas;
  if (outcome.gas === 0 || used === 0) return undefined;
  const gas = random.pick([
    used - 1,
    used - 1,
    used,
    used + 1,
    random.below(used),
    random.below(used),
    used + random.below(5_000),
  ]);
  const stateGas = message.stateGas === 0 || random.oneIn(2) ? message.stateGas : random.below(message.stateGas);
  return { ...message, gas, stateGas };
}

async function compare(
  world: World,
  messages: readonly Message[],
  outcomes: readonly Outcome[],
  { name, createEvm, errors, oneIn = 1, skips }: Candidate,
  geth: GethEvm,
  report: Report,
): Promise<void> {
  const evm = new OurEvm(world, createEvm);
  const found = report.differences.get(name) ?? [];
  for (const [index, message] of messages.entries()) {
    const expected = outcomes[index] as Outcome;
    if (index % oneIn !== 0 || skips?.(world.fork, message, expected)) continue;
    let result: Awaited<ReturnType<OurEvm['run']>>;
    try {
      result = await evm.run(message);
    } catch (error) {
      const { stack } = error as Error;
      found.push(`${world.fork} ${message.title}: ${stack}\nmessage ${JSON.stringify(message)}`);
      continue;
    }
    const fields = differences(result.outcome, expected, errors);
    if (fields.length === 0) continue;
    found.push(
      found.length < describedDifferences
        ? await describeDifference(geth, world, message, result, expected, errors)
        : `${world.fork} ${message.title}: ${fields.join(', ')}`,
    );
  }
}
