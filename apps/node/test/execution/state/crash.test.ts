import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { Level } from 'level';
import { beforeAll, expect, test } from 'vitest';
import { openStateStore } from '../../../src/execution/state/open-state-store.ts';
import type { StateStore } from '../../../src/execution/state/state-store.ts';
import { emptyTrieRoot } from '../../../src/validation/empty-roots.ts';
import {
  applyToModel,
  blockHash,
  type Model,
  modelText,
  randomChanges,
  randomOf,
  rootOfModel,
  stateText,
} from './model.ts';
import { storedRoot } from './stored-root.ts';

const writer = fileURLToPath(new URL('crash-writer.mjs', import.meta.url));
const accounts = 40;

interface TreeBlock {
  readonly number: number;
  readonly hash: string;
  readonly parent: string;
  readonly root: string;
  readonly model: Model;
  readonly changes: ReturnType<typeof randomChanges>;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const genesis = { hash: hex(blockHash(0)), root: hex(emptyTrieRoot) };
const header = { number: 0, hash: blockHash(0), stateRoot: emptyTrieRoot } as never;
const blocks = new Map<string, TreeBlock>();
let directory = '';
let file = '';

/** A trunk of 60 blocks, and branches of up to 12 from it. */
beforeAll(async () => {
  const random = randomOf(11);
  const add = async (parent: TreeBlock | undefined): Promise<TreeBlock> => {
    const changes = randomChanges(parent?.model ?? new Map(), random, { accounts, size: 20 });
    const model = applyToModel(parent?.model ?? new Map(), changes);
    const block = {
      number: (parent?.number ?? 0) + 1,
      hash: hex(blockHash(blocks.size + 1)),
      parent: parent?.hash ?? genesis.hash,
      root: hex(await rootOfModel(model)),
      model,
      changes,
    };
    blocks.set(block.hash, block);
    return block;
  };
  const trunk: TreeBlock[] = [];
  for (let i = 0; i < 60; i++) trunk.push(await add(trunk.at(-1)));
  for (let i = 5; i < 60; i += 6) {
    let at = trunk[i] as TreeBlock;
    for (let j = 0; j < 4 + random.int(8); j++) at = await add(at);
  }
  directory = mkdtempSync(join(tmpdir(), 'state-crash-'));
  file = join(directory, 'blocks.json');
  const plain = [...blocks.values()].map(({ model: _, changes, ...block }) => ({
    ...block,
    changes: changes.map((change) => ({ ...change, storage: [...change.storage] })),
  }));
  const text = JSON.stringify({ genesis, blocks: plain }, (_, value) => {
    if (typeof value === 'bigint') return String(value);
    return value instanceof Uint8Array ? hex(value) : value;
  });
  writeFileSync(file, text);
});

/** Output of the writer: the last head that was reached, and the target of the commit in progress. */
interface Output {
  done: string;
  planned: { hash: string; kind: string } | undefined;
  commits: number;
  failed: string | undefined;
}

/** Runs a writer until `stop` returns true, kills it, and returns its output. */
async function write(child: ChildProcess, stop: (output: Output) => boolean): Promise<Output> {
  const output: Output = { done: '', planned: undefined, commits: 0, failed: undefined };
  if (child.stdout === null) throw new Error('no pipe');
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, first = '', second = ''] = line.split(' ');
    if (word === 'failed') output.failed = line;
    if (word === 'plan') output.planned = { hash: first, kind: second };
    if (word === 'done') {
      output.done = first;
      output.planned = undefined;
      output.commits++;
    }
    if (stop(output)) child.kill('SIGKILL');
  }
  return output;
}

function modelOf(hash: string): Model {
  return blocks.get(hash)?.model ?? new Map();
}

/** The blocks from one to another through their common ancestor, both included. */
function pathBetween(from: string, to: string): string[] {
  const ancestors = (start: string): string[] => {
    const list = [start];
    for (let at = blocks.get(start); at !== undefined; at = blocks.get(at.parent)) list.push(at.parent);
    return list;
  };
  const left = ancestors(from);
  const right = ancestors(to);
  const common = left.find((hash) => right.includes(hash)) as string;
  return [...left.slice(0, left.indexOf(common) + 1), ...right.slice(0, right.indexOf(common)).reverse()];
}

/** Checks everything in a database, and returns its head. */
async function expectWholeState(location: string): Promise<string> {
  const store: StateStore = await openStateStore({
    location,
    genesis: { header, accounts: [], source: 'test' },
    crypto,
    historyDepth: 16,
  });
  const head = hex(store.head.hash);
  expect(hex(store.head.stateRoot)).toBe(blocks.get(head)?.root ?? genesis.root);
  const ancestors = [...store.ancestors()];
  let expected = head;
  for (const { hash } of ancestors) {
    expect(hex(hash)).toBe(expected);
    expect(hex(store.stateRoot(hash) as Uint8Array)).toBe(blocks.get(expected)?.root ?? genesis.root);
    const reader = store.reader(hash);
    if (reader === undefined) throw new Error('the state is not available');
    expect(stateText(reader, accounts)).toBe(modelText(modelOf(expected), accounts));
    expected = blocks.get(expected)?.parent ?? '';
  }
  await store.close();
  const level = new Level<Uint8Array, Uint8Array>(location, { keyEncoding: 'view', valueEncoding: 'view' });
  expect(hex(await storedRoot(level))).toBe(blocks.get(head)?.root ?? genesis.root);
  await level.close();
  return head;
}

test('ND-07 killed repeatedly in commits, the state is that of a whole block and leads back to its ancestors', async () => {
  const location = join(directory, 'killed');
  let commits = 0;
  const kinds: string[] = [];
  for (let round = 1; round <= 12; round++) {
    const child = spawn(process.execPath, [writer, location, file, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const enough = 2 + ((round * 7) % 11);
    const output = await write(child, ({ commits: count, planned }) => {
      // Sometimes during a commit, sometimes right after one.
      return count >= enough && (planned !== undefined) === round % 4 > 0;
    });
    expect(output.failed).toBeUndefined();
    commits += output.commits;
    kinds.push(output.planned?.kind ?? 'between');
    const head = await expectWholeState(location);
    expect(output.planned === undefined ? [output.done] : pathBetween(output.done, output.planned.hash)).toContain(
      head,
    );
  }
  expect(commits).toBeGreaterThan(40);
  expect(kinds).toContain('forward');
  expect(kinds).toContain('back');
});

test.skipIf(process.platform === 'win32')('ND-07 a full disk leaves the state of a whole block', async () => {
  const location = join(directory, 'full');
  // A limit of the size of each file, in blocks of 512 bytes, simulates a full disk.
  const limited = `trap '' XFSZ; ulimit -f 200; exec "$@"`;
  const command = ['-c', limited, 'sh', process.execPath, writer, location, file, '3'];
  const child = spawn('sh', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = await write(child, ({ commits }) => commits >= 10_000);
  expect(output.failed).toMatch(/^failed unusable /);
  expect(output.failed).toContain(location);
  const head = await expectWholeState(location);
  expect(pathBetween(output.done, output.planned?.hash ?? output.done)).toContain(head);
});
