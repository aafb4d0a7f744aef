import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { toHex } from '@devp2p/bytes';
import { systemClock } from '@devp2p/clock';
import type { SealedHeader } from '@devp2p/eth';
import { expect, test } from 'vitest';
import { openChain } from '../../src/chain/chain.ts';
import { encodeBlock } from '../../src/chain/files/block-rlp.ts';
import { executorOf } from '../../src/execution/open-executor.ts';
import { openStateStore } from '../../src/execution/state/open-state-store.ts';
import { crypto, genesisText } from '../chain/make-blocks.ts';
import { temporaryDirectory } from '../chain/temporary.ts';
import { accounts, ChainBuilder, counter, type MinedBlock, richAlloc, signCall } from './chain-builder.ts';

/** Number of kills; `npm run kills` sets it to 100. */
const { EXECUTION_KILLS = '4' } = process.env;
const kills = Number(EXECUTION_KILLS);
const phases = ['execution', 'commit', 'reorganization', 'pruning'] as const;
type Phase = (typeof phases)[number];
const perPhase = Math.floor(kills / 5);

const writer = fileURLToPath(new URL('kill-writer.mjs', import.meta.url));
/** Small, so that states and side blocks are pruned. */
const limits = { historyDepth: 40, sideBlockDepth: 40 };

interface Plan {
  readonly builder: ChainBuilder;
  readonly blocks: ReadonlyMap<string, MinedBlock>;
  /** Heads, one after another. */
  readonly targets: readonly SealedHeader[];
}

/** A trunk, branches from it, and heads on all of them. */
async function makePlan(): Promise<Plan> {
  const builder = await ChainBuilder.create();
  const blocks = new Map<string, MinedBlock>();
  const grow = async (parent: SealedHeader, count: number, mark: number): Promise<SealedHeader[]> => {
    const headers = [parent];
    for (let i = 0; i < count; i++) {
      const last = headers.at(-1) as SealedHeader;
      const nonce = last.number;
      const transactions = accounts.map((from, n) => {
        const input = new Uint8Array(32).fill((nonce * 8 + n) & 0xff);
        return n % 2 === 0
          ? signCall({ from, nonce, to: crypto.keccak256(input).subarray(12) })
          : signCall({ from, nonce, to: counter, input, gas: 100_000 });
      });
      const block = await builder.mine(last, transactions, Uint8Array.of(mark));
      blocks.set(toHex(block.header.hash), block);
      headers.push(block.header);
    }
    return headers;
  };
  const trunk = await grow(builder.genesis.header, 330, 0);
  const at = (number: number): SealedHeader => trunk[number] as SealedHeader;
  const branch = async (from: number, length: number): Promise<SealedHeader> =>
    (await grow(at(from), length, from)).at(-1) as SealedHeader;
  const targets = [
    at(39),
    await branch(30, 15),
    at(81),
    at(60),
    at(121),
    await branch(100, 30),
    at(171),
    await branch(165, 33),
    at(166),
    at(231),
    await branch(225, 8),
    at(281),
    await branch(250, 36),
    at(330),
  ];
  return { builder, blocks, targets };
}

function files({ blocks, targets }: Plan): string[] {
  const folder = temporaryDirectory();
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const list = targets.map(({ number, hash }) => ({ number, hash: toHex(hash) }));
  return [
    write('genesis.json', genesisText('cancun', { alloc: richAlloc() })),
    write('blocks', Buffer.concat([...blocks.values()].map(({ header, body }) => encodeBlock(header.raw, body.raw)))),
    write('plan.json', JSON.stringify({ targets: list, ...limits })),
  ];
}

/** Command that runs the writer. */
type Command = readonly [string, ...string[]];

const plain: Command = [process.execPath, writer];
/** With a limit of the size of each file, in blocks of 512 bytes, which simulates a full disk. */
const onFullDisk = (limit: number): Command => {
  const limited = `trap '' XFSZ; ulimit -f ${limit}; exec "$@"`;
  return ['sh', '-c', limited, 'sh', ...plain];
};

interface Run {
  /** Code and message of the error that ended it. */
  readonly failure: string | undefined;
  /** The phase at its end. */
  readonly phase: string;
  /** Hash of the last head that it printed. */
  readonly head: string | undefined;
  readonly isComplete: boolean;
}

/** Runs the writer, and kills it some turns after a phase has begun for the nth time. */
async function run(
  args: readonly string[],
  wanted?: Phase,
  { nth = 1, delay = 0, command: [program, ...before] = plain } = {},
): Promise<Run> {
  const child: ChildProcess = spawn(program, [...before, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let [phase, isComplete, seen] = ['idle', false, 0];
  let head: string | undefined;
  let failure: string | undefined;
  for await (const line of createInterface(child.stdout as NodeJS.ReadableStream)) {
    const [word, ...rest] = line.split(' ');
    if (word === 'failed') failure = rest.join(' ');
    if (word === 'phase') phase = rest[0] as string;
    if (word === 'head') head = rest[1];
    if (word === 'complete') isComplete = true;
    if (word !== 'phase' || phase !== wanted || ++seen !== nth) continue;
    for (let turns = delay; turns > 0; turns--) await turn();
    child.kill('SIGKILL');
  }
  return { failure, phase, head, isComplete };
}

/** Checks chain, index of transactions and state of a directory. @returns the hash of the head */
async function expectWhole(directory: string, { builder, blocks }: Plan): Promise<string> {
  const { genesis } = builder;
  const location = join(directory, 'state');
  const chain = await openChain({
    location: join(directory, 'chain'),
    genesis,
    crypto,
    clock: systemClock,
    sideBlockDepth: limits.sideBlockDepth,
    openExecutor: executorOf({ location, genesis, ...limits, threads: false, crypto, clock: systemClock }),
  });
  await chain.caughtUp;
  const head = toHex(chain.head.hash);
  for (let number = chain.head.number, hash = head; number > 0; number--) {
    const expected = blocks.get(hash) as MinedBlock;
    expect(toHex((await chain.hashAt(number)) ?? new Uint8Array())).toBe(hash);
    const stored = await chain.block(number);
    expect(toHex(stored?.receipts ?? new Uint8Array())).toBe(toHex(expected.receipts.raw));
    // Blocks of one number have the same transactions on all branches.
    const index = number % expected.body.transactions.length;
    const found = await chain.findTransaction(crypto.keccak256(expected.body.transactions.at(index)));
    expect([toHex(found?.header.hash ?? new Uint8Array()), found?.index]).toEqual([hash, index]);
    hash = toHex(expected.header.parentHash);
  }
  expect(await chain.hashAt(chain.head.number + 1)).toBeUndefined();
  const { number, stateRoot } = chain.head;
  await chain.close();
  const state = await openStateStore({ location, genesis, crypto });
  expect(state.head.number).toBe(number);
  expect(toHex(state.head.stateRoot)).toBe(toHex(stateRoot));
  await state.close();
  return head;
}

test(`HX-23 ND-07 killed ${kills} times during execution, commits, reorganizations and pruning, chain and state agree`, {
  timeout: 600_000 + kills * 30_000,
}, async () => {
  const plan = await makePlan();
  const args = files(plan);
  const last = toHex(plan.targets.at(-1)?.hash ?? new Uint8Array());
  const undisturbed = temporaryDirectory();
  expect((await run([undisturbed, ...args])).isComplete).toBe(true);
  expect(await expectWhole(undisturbed, plan)).toBe(last);

  const hits = new Map<string, number>(phases.map((phase) => [phase, 0]));
  const missing = (): Phase | undefined => phases.find((phase) => (hits.get(phase) ?? 0) < perPhase);
  let directory = temporaryDirectory();
  let done = 0;
  const orderOf = (hash: string | undefined): number => plan.targets.findLastIndex((one) => toHex(one.hash) === hash);
  for (let round = 0; done < kills || missing() !== undefined; round++) {
    const wanted = (done < kills ? phases[round % phases.length] : missing()) as Phase;
    // Commits without pruning are the first ones of a directory.
    if (wanted === 'commit') directory = temporaryDirectory();
    const nth = wanted === 'commit' ? 1 : 1 + (round % 3);
    const result = await run([directory, ...args], wanted, { nth, delay: (round * 7) % 12 });
    expect(result.failure).toBeUndefined();
    const head = await expectWhole(directory, plan);
    // No head that was reached is lost.
    if (result.head !== undefined && orderOf(head) >= 0)
      expect(orderOf(head)).toBeGreaterThanOrEqual(orderOf(result.head));
    if (result.isComplete) {
      expect(head).toBe(last);
      directory = temporaryDirectory();
    } else if (hits.has(result.phase)) {
      done++;
      hits.set(result.phase, (hits.get(result.phase) ?? 0) + 1);
      console.log(`kill ${done}: ${result.phase}`);
    }
  }
  console.log(Object.fromEntries(hits));
  expect((await run([directory, ...args])).isComplete).toBe(true);
  expect(await expectWhole(directory, plan)).toBe(last);
});

test.skipIf(process.platform === 'win32').each([60, 150, 400])(
  'HX-22 a disk that is full after %i blocks of a file is one line, and chain and state agree at the last whole block',
  async (limit) => {
    const plan = await makePlan();
    const args = files(plan);
    const last = toHex(plan.targets.at(-1)?.hash ?? new Uint8Array());
    const directory = temporaryDirectory();
    const full = await run([directory, ...args], undefined, { command: onFullDisk(limit) });
    expect(full.failure).toMatch(/^unusable \S+\/(chain|state): /);
    await expectWhole(directory, plan);
    expect((await run([directory, ...args])).isComplete).toBe(true);
    expect(await expectWhole(directory, plan)).toBe(last);
  },
);
