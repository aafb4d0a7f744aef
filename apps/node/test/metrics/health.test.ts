import { expect, test } from 'vitest';
import type { NodePeer, Peers } from '../../src/network/peers.ts';
import { trackProgress, watchHealth } from '../../src/observability/health.ts';
import type { NodeState } from '../../src/observability/node-state.ts';
import type { Sync } from '../../src/sync/sync.ts';

const hash = new Uint8Array(32).fill(7);
const hex = `0x${'07'.repeat(32)}`;

function watched() {
  let state: NodeState = { name: 'synced' };
  const become = (next: NodeState): void => {
    state = next;
  };
  const peer = (inbound: boolean) => ({ inbound }) as NodePeer;
  const peers: Peers = {
    list: () => [peer(true), peer(false), peer(true)],
    onChange: () => () => {},
  };
  const reported: unknown[] = [];
  const progress = trackProgress((...report) => reported.push(report));
  const sync: Sync & { target: { hash: Uint8Array } | undefined } = {
    target: undefined,
    missing: undefined,
    idleTime: 0,
    isSynced: true,
    done: Promise.resolve(),
    close: async () => {},
  };
  // Only the head is used.
  const chain = { head: { number: 5, hash } } as Parameters<typeof watchHealth>[0]['chain'];
  const health = watchHealth({ peers, chain, sync, progress, state: () => state });
  return { health, sync, progress, reported, become };
}

test('ND-12 health has peers, head, and the progress of the sync', () => {
  const { health, sync, progress, reported } = watched();
  const idle = {
    healthy: true,
    status: 'ok',
    state: { name: 'synced', text: 'synced' },
    peers: { inbound: 2, outbound: 1 },
    head: { number: 5, hash: hex },
    sync: { running: false, phases: {} },
  };
  expect(health()).toEqual(idle);
  sync.target = { hash };
  progress.report('headers', 3, 10);
  progress.report('blocks', 1, 10);
  const phases = { headers: { done: 3, total: 10 }, blocks: { done: 1, total: 10 } };
  expect(health().sync).toEqual({ running: true, target: hex, phases });
  progress.report('headers', 10, 10);
  expect(health().sync.phases).toEqual({ blocks: { done: 1, total: 10 } });
  expect(reported).toEqual([
    ['headers', 3, 10, undefined],
    ['blocks', 1, 10, undefined],
    ['headers', 10, 10, undefined],
  ]);
});

test('ND-12 a node that closes or whose sync has failed is not healthy', () => {
  const { health, become } = watched();
  become({ name: 'sync-failed', error: 'no such block' });
  expect(health()).toMatchObject({
    healthy: false,
    status: 'sync-failed',
    state: { text: 'sync failed: no such block' },
  });
  become({ name: 'closing' });
  expect(health()).toMatchObject({ healthy: false, status: 'closing' });
});

test('ND-12 a waiting node is healthy, with its state', () => {
  const { health, become } = watched();
  become({ name: 'no-head-named', peers: 3 });
  expect(health()).toMatchObject({
    healthy: true,
    status: 'waiting',
    state: {
      name: 'no-head-named',
      text: 'no block to sync to, with 3 peers',
    },
  });
});
