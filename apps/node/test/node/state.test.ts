import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { virtualClock } from '@devp2p/clock/virtual';
import { fastCrypto } from '@devp2p/crypto/fast';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importFile } from '../../src/chain/files/import-file.ts';
import type { LogFields } from '../../src/logging/log.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeSettings } from '../../src/node/options.ts';
import {
  isWaiting,
  type NodeFacts,
  type NodeState,
  stateOf,
  stateText,
} from '../../src/observability/node-state.ts';
import { expectProgress, logState } from '../../src/observability/state-log.ts';

const hash = `0x${'12'.repeat(32)}`;

/** Three peers, and nobody to name a head. */
const facts: NodeFacts = {
  closing: false,
  failure: undefined,
  peers: [{ id: 'aa', earliest: 0, latest: 9 }, { id: 'bb' }, { id: 'cc', earliest: 5, latest: 7 }],
  statics: { count: 0, connected: 0 },
  known: 7,
  discovery: true,
  incompatible: { count: 0, most: undefined },
  namedBy: 'static-peers',
  refusedHead: undefined,
  sync: { target: undefined, missing: undefined, idleTime: 0, isInStep: false },
};
const sync = (fields: Partial<NodeFacts['sync']>): Partial<NodeFacts> => ({
  sync: { ...facts.sync, target: hash, idleTime: 10_000, ...fields },
});
const alone = { peers: [] };

describe('ND-16 every state in which a node waits has a name, and says what to do', () => {
  test.each<[NodeState['name'], Partial<NodeFacts>, RegExp]>([
    [
      'no-head-named',
      {},
      /^3 peers, but no block .* --sync\.target, .* --static, .* consensus client/,
    ],
    ['no-nodes-known', { ...alone, known: 0 }, /no nodes are found: .*--bootnodes or --static/],
    ['no-nodes-known', { ...alone, known: 0, discovery: false }, /without discovery: .*--static/],
    ['no-peers', alone, /7 known nodes are dialled/],
    ['no-peers', { ...alone, known: 0, statics: { count: 2, connected: 0 } }, /^no peers yet: 2/],
    ['no-peers', { ...alone, ...sync({ missing: { what: 'head' } }) }, /^no peers yet/],
    ['no-peers', { ...alone, ...sync({ target: undefined, isInStep: true }) }, /^no peers yet/],
    [
      'other-chains',
      { ...alone, incompatible: { count: 4, most: 'genesis' } },
      /4 nodes met .* genesis block: check --network, --genesis and --networkid/,
    ],
    [
      'other-chains',
      { ...alone, incompatible: { count: 1, most: 'network' } },
      /1 node met so far and refused, .* network id: /,
    ],
    [
      'no-static-peer',
      { statics: { count: 2, connected: 0 } },
      /^no static node is connected, of 2/,
    ],
    ['no-consensus-client', { namedBy: 'consensus-client' }, /--authrpc\.port/],
    [
      'head-refused',
      { namedBy: 'consensus-client', refusedHead: hash },
      /^the head .* is invalid, 0x1212/,
    ],
    ['head-not-found', sync({ missing: { what: 'head' } }), /0x1212.*: 3 peers asked$/],
    [
      'headers-missing',
      sync({ missing: { what: 'headers', number: 8 } }),
      /the headers of block 8/,
    ],
    [
      'bodies-missing',
      sync({ missing: { what: 'bodies', number: 8 } }),
      /^no peer has the body of block 8: aa has 0 to 9, bb says nothing, cc has 5 to 7; name a node that has it with --static, or others to find it with --bootnodes$/,
    ],
    ['receipts-missing', sync({ missing: { what: 'receipts', number: 1 } }), /receipts of block 1/],
  ])('ND-16 %s', (name, changes, text) => {
    const state = stateOf({ ...facts, ...changes });
    expect(state.name).toBe(name);
    expect(isWaiting(state)).toBe(true);
    expect(stateText(state)).toMatch(text);
    expect(stateText(state)).not.toContain('\n');
  });

  test.each<[NodeState['name'], Partial<NodeFacts>]>([
    ['closing', { closing: true, failure: 'x' }],
    ['sync-failed', { failure: 'no such block' }],
    ['syncing', sync({ missing: { what: 'bodies', number: 8 }, idleTime: 9_999 })],
    ['syncing', { statics: { count: 1, connected: 1 } }],
    [
      'synced',
      { statics: { count: 1, connected: 1 }, ...sync({ target: undefined, isInStep: true }) },
    ],
    ['synced', { namedBy: 'operator', ...sync({ target: undefined, isInStep: true }) }],
  ])('ND-16 in the state %s it waits for nothing', (name, changes) => {
    const state = stateOf({ ...facts, ...changes });
    expect([state.name, isWaiting(state)]).toEqual([name, false]);
  });

  test('ND-16 of a crowd of peers a few are named', () => {
    const peers = Array.from({ length: 50 }, (_, i) => ({ id: `p${i}`, earliest: 0, latest: 0 }));
    const state = stateOf({ ...facts, peers, ...sync({ missing: { what: 'bodies', number: 1 } }) });
    expect(stateText(state)).toMatch(/p2 has 0 to 0, and 47 more; name /);
  });
});

describe('ND-13 what a node waits for is logged', () => {
  test('ND-13 once it has lasted, every five minutes, and not when it is over', async () => {
    const clock = virtualClock();
    const lines: [string, LogFields][] = [];
    const other = () => {
      throw new Error('another level');
    };
    const info = (fields: LogFields, message: string) => void lines.push([message, fields]);
    const log = { error: other, warn: other, info, debug: other, trace: other };
    let state: NodeState = { name: 'no-head-named', peers: 1 };
    const logged = logState(() => state, clock, log);
    await clock.advance(5_000);
    expect(lines).toEqual([]);
    await clock.advance(1_000);
    expect(lines).toEqual([[stateText(state), { state: 'no-head-named' }]]);
    await clock.advance(300_000);
    expect(lines).toHaveLength(2);
    state = { name: 'syncing' };
    await clock.advance(600_000);
    expect(lines).toHaveLength(2);
    state = { name: 'no-peers', known: 1 };
    await clock.advance(30_000);
    expect(lines.at(-1)?.[1]).toEqual({ state: 'no-peers' });
    logged.close();
    expect(clock.pending).toBe(0);
  });

  test('ND-08 a node that has waited too long is given up, one that makes progress is not', async () => {
    const clock = virtualClock();
    let state: NodeState = { name: 'no-peers', known: 1 };
    let idle = 0;
    const fail = (text: string) => new Error(text);
    const { failed } = expectProgress(() => state, {
      idleTime: () => idle,
      clock,
      limit: 60_000,
      fail,
    });
    let error: Error | undefined;
    failed.catch((reason: Error) => {
      error = reason;
    });
    await clock.advance(59_000);
    state = { name: 'syncing' };
    await clock.advance(600_000);
    // The sync had been idle for a while when it was found to wait.
    idle = 10_000;
    state = { name: 'receipts-missing', number: 1, peers: [] };
    await clock.advance(49_000);
    expect(error).toBeUndefined();
    await clock.advance(3_000);
    expect(error?.message).toContain('no peer has the receipts of block 1');
    expect(clock.pending).toBe(0);
    const over = expectProgress(() => state, { idleTime: () => idle, clock, limit: 60_000, fail });
    over.close();
    expect(clock.pending).toBe(0);
  });
});

describe('a running node', () => {
  const demo = fileURLToPath(new URL('../../demo/chain/', import.meta.url));
  let folder: string;
  let nodes: Node[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'state-'));
    nodes = [];
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(name: string, options: Partial<NodeSettings> = {}): Promise<Node> {
    const node = await createNode({
      ...{ datadir: join(folder, name), genesis: `${demo}genesis.json` },
      ...{ host: '127.0.0.1', port: 0, discovery: false },
      ...options,
    });
    nodes.push(node);
    return node;
  }

  test('ND-16 alone, then with a peer that it was not told to follow', async () => {
    const a = await start('a');
    expect(a.state()).toEqual({ name: 'no-nodes-known', discovery: false });
    const seen = once(a, 'peer');
    const b = await start('b', { staticNodes: [a.enode] });
    await seen;
    expect(a.state()).toEqual({ name: 'no-head-named', peers: 1 });
    await once(b, 'synced');
    expect(b.state()).toEqual({ name: 'synced' });
    await b.close();
    expect(b.state()).toEqual({ name: 'closing' });
  });

  test('ND-08 ET-09 of blocks without receipts nothing is promised, and who waits says for what', async () => {
    const a = await start('a');
    await importFile(a.chain, `${demo}chain.rlp.gz`, { crypto: fastCrypto });
    expect(a.chain.range()).toMatchObject({ earliest: 0, latest: 0 });
    const clock = virtualClock();
    const b = await start('b', { staticNodes: [a.enode], syncTarget: a.chain.head.hash, clock });
    const [peer] = await once(b, 'peer');
    expect(peer.eth.range).toMatchObject({ earliest: 0, latest: 0 });
    while (b.sync.missing?.what !== 'receipts') await clock.advance(100);
    while (b.state().name === 'syncing') await clock.advance(1_000);
    expect(b.sync.missing).toEqual({ what: 'receipts', number: 1 });
    expect(stateText(b.state())).toMatch(
      /^no peer has the receipts of block 1: [0-9a-f]{16} has 0 to 0; name /,
    );
    // Once there are receipts, it goes on by itself.
    const synced = once(b, 'synced');
    await importFile(a.chain, `${demo}receipts.rlp.gz`, { crypto: fastCrypto });
    let isSynced = false;
    void synced.then(() => {
      isSynced = true;
    });
    while (!isSynced) await clock.advance(100);
    expect(b.chain.head.hash).toEqual(a.chain.head.hash);
  });
});
