import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto } from '@devp2p/crypto/fast';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importFile } from '../../src/chain/files/import-file.ts';
import type { LogFields } from '../../src/logging/log.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeSettings } from '../../src/node/options.ts';
import { isWaiting, type NodeFacts, type NodeState, stateOf, stateText } from '../../src/observability/node-state.ts';
import { expectProgress, logState } from '../../src/observability/state-log.ts';

const hash = `0x${'12'.repeat(32)}`;

/** Three peers, and no source of a head. */
const facts: NodeFacts = {
  closing: false,
  failure: undefined,
  catchUp: undefined,
  peers: [{ id: 'aa', earliest: 0, latest: 9 }, { id: 'bb' }, { id: 'cc', earliest: 5, latest: 7 }],
  statics: { count: 0, connected: 0 },
  known: 7,
  discovery: true,
  incompatible: { count: 0, most: undefined },
  targetSource: 'static-peers',
  refusedHead: undefined,
  sync: { target: undefined, missing: undefined, idleTime: 0, isSynced: false },
};
const sync = (fields: Partial<NodeFacts['sync']>): Partial<NodeFacts> => ({
  sync: { ...facts.sync, target: hash, idleTime: 10_000, ...fields },
});
const alone = { peers: [] };

describe('ND-16 every state in which a node waits has a name and a line of text', () => {
  test.each<[NodeState['name'], Partial<NodeFacts>, RegExp]>([
    ['no-head-named', {}, /^no block to sync to, with 3 peers$/],
    ['no-nodes-known', { ...alone, known: 0 }, /^no peers: discovery finds no nodes$/],
    ['no-nodes-known', { ...alone, known: 0, discovery: false }, /: no nodes to dial, and /],
    ['no-peers', alone, /^no peers yet: dialing 7 nodes$/],
    ['no-peers', { ...alone, known: 0, statics: { count: 2, connected: 0 } }, /^no peers yet: dialing 2 nodes$/],
    ['no-peers', { ...alone, ...sync({ missing: { what: 'head' } }) }, /^no peers yet/],
    ['no-peers', { ...alone, ...sync({ target: undefined, isSynced: true }) }, /^no peers yet/],
    [
      'other-chains',
      { ...alone, incompatible: { count: 4, most: 'genesis' } },
      /^no peers: refused 4 nodes, most for a different genesis block$/,
    ],
    [
      'other-chains',
      { ...alone, incompatible: { count: 1, most: 'network' } },
      /^no peers: refused 1 node, most for a different network id$/,
    ],
    ['no-peers', { ...alone, ...sync({ missing: { what: 'head' } }), makesBlocks: true }, /^no peers yet/],
    [
      'no-static-peer',
      { statics: { count: 2, connected: 0 } },
      /^waiting for a static node to sync from: none of 2 is connected$/,
    ],
    ['no-consensus-client', { targetSource: 'consensus-client' }, /^waiting for a consensus client to name a head$/],
    [
      'head-refused',
      { targetSource: 'consensus-client', refusedHead: hash },
      /^waiting for another head: .*, 0x1212.*, is invalid$/,
    ],
    ['head-not-found', sync({ missing: { what: 'head' } }), /^none of 3 peers has the block to sync to, 0x1212/],
    ['headers-missing', sync({ missing: { what: 'headers', number: 8 } }), /the headers of block 8/],
    [
      'bodies-missing',
      sync({ missing: { what: 'bodies', number: 8 } }),
      /^no peer has the body of block 8: aa has 0 to 9, bb reports no range, cc has 5 to 7$/,
    ],
    ['receipts-missing', sync({ missing: { what: 'receipts', number: 1 } }), /receipts of block 1/],
  ])('ND-16 %s', (name, changes, text) => {
    const state = stateOf({ ...facts, ...changes });
    expect(state.name).toBe(name);
    expect(isWaiting(state)).toBe(true);
    expect(stateText(state)).toMatch(text);
    expect(stateText(state)).not.toMatch(/\n|--/);
  });

  test.each<[NodeState['name'], Partial<NodeFacts>]>([
    ['closing', { closing: true, failure: 'x' }],
    ['sync-failed', { failure: 'no such block' }],
    ['executing', { catchUp: { done: 12, last: 345 }, ...alone }],
    ['syncing', sync({ missing: { what: 'bodies', number: 8 }, idleTime: 9_999 })],
    ['syncing', { statics: { count: 1, connected: 1 } }],
    ['syncing', { targetSource: 'longest-chain' }],
    ['synced', { targetSource: 'longest-chain', ...sync({ target: undefined, isSynced: true }) }],
    ['synced', { statics: { count: 1, connected: 1 }, ...sync({ target: undefined, isSynced: true }) }],
    ['synced', { ...alone, known: 0, targetSource: 'longest-chain', makesBlocks: true }],
    ['synced', { targetSource: 'longest-chain', makesBlocks: true }],
    ['synced', { targetSource: 'operator', ...sync({ target: undefined, isSynced: true }) }],
  ])('ND-16 in the state %s the node does not wait', (name, changes) => {
    const state = stateOf({ ...facts, ...changes });
    expect([state.name, isWaiting(state)]).toEqual([name, false]);
  });

  test('ND-07 the execution of stored blocks is a state with its progress', () => {
    const state = stateOf({ ...facts, catchUp: { done: 12, last: 345 } });
    expect(stateText(state)).toBe('executing stored blocks: 12 of 345');
  });

  test('ND-16 a text names three peers at most', () => {
    const peers = Array.from({ length: 50 }, (_, i) => ({ id: `p${i}`, earliest: 0, latest: 0 }));
    const state = stateOf({ ...facts, peers, ...sync({ missing: { what: 'bodies', number: 1 } }) });
    expect(stateText(state)).toMatch(/p2 has 0 to 0, and 47 more$/);
  });
});

describe('ND-13 the state of a waiting node is logged', () => {
  test('ND-13 after 5 s, then every five minutes, until it ends', async () => {
    const clock = createVirtualClock();
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
    expect(lines).toEqual([[stateText(state), { state: 'no-head-named', peers: 1 }]]);
    await clock.advance(300_000);
    expect(lines).toHaveLength(2);
    state = { name: 'syncing' };
    await clock.advance(600_000);
    expect(lines).toHaveLength(2);
    state = { name: 'no-peers', known: 1 };
    await clock.advance(30_000);
    expect(lines.at(-1)?.[1]).toEqual({ state: 'no-peers', known: 1 });
    logged.close();
    expect(clock.pending).toBe(0);
  });

  test('ND-08 a node that waits longer than the limit fails, one that makes progress does not', async () => {
    const clock = createVirtualClock();
    let state: NodeState = { name: 'no-peers', known: 1 };
    let idle = 0;
    const fail = (failed: NodeState) => new Error(stateText(failed));
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
    // The sync was idle for 10 s before the state changed to waiting.
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

  test('ND-16 without peers, then with a peer that is not a static node', async () => {
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

  test('ND-08 ET-09 blocks without receipts are not in the reported range, and a node that needs them names the block', async () => {
    const a = await start('a', { execution: false });
    await importFile(a.chain, `${demo}chain.rlp.gz`, { crypto: fastCrypto });
    expect(a.chain.range()).toMatchObject({ earliest: 0, latest: 0 });
    const clock = createVirtualClock();
    const b = await start('b', { staticNodes: [a.enode], syncTarget: a.chain.head.hash, clock, execution: false });
    const [peer] = await once(b, 'peer');
    expect(peer.eth.range).toMatchObject({ earliest: 0, latest: 0 });
    while (b.sync.missing?.what !== 'receipts') await clock.advance(100);
    while (b.state().name === 'syncing') await clock.advance(1_000);
    expect(b.sync.missing).toEqual({ what: 'receipts', number: 1 });
    expect(stateText(b.state())).toMatch(/^no peer has the receipts of block 1: [0-9a-f]{16} has 0 to 0$/);
    // The sync continues once there are receipts.
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
