import { expect, test } from 'vitest';
import { trackProgress, watchHealth } from '../../src/metrics/health.ts';
import type { NodePeer, Peers } from '../../src/network/peers.ts';
import type { Sync } from '../../src/sync/sync.ts';

const hash = new Uint8Array(32).fill(7);
const hex = `0x${'07'.repeat(32)}`;

function watched() {
  let onFailure = (_: Error): void => {};
  const done = new Promise<void>((_, reject) => {
    onFailure = reject;
  });
  const peer = (inbound: boolean) => ({ inbound }) as NodePeer;
  const peers: Peers = {
    list: () => [peer(true), peer(false), peer(true)],
    onChange: () => () => {},
  };
  const reported: unknown[] = [];
  const progress = trackProgress((...report) => reported.push(report));
  const sync: Sync & { target: { hash: Uint8Array } | undefined } = {
    target: undefined,
    done,
    close: async () => {},
  };
  const stop = new AbortController();
  // The head is all that is looked at of a header.
  const chain = { head: { number: 5, hash } } as Parameters<typeof watchHealth>[0]['chain'];
  const health = watchHealth({ peers, chain, sync, progress, signal: stop.signal });
  return { health, sync, progress, reported, stop, onFailure };
}

test('ND-12 health shows peers, head, and how far the sync is', () => {
  const { health, sync, progress, reported } = watched();
  const idle = {
    healthy: true,
    status: 'ok',
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
    ['headers', 3, 10],
    ['blocks', 1, 10],
    ['headers', 10, 10],
  ]);
});

test('ND-12 a node whose sync has failed is not healthy, nor is one that closes', async () => {
  const { health, stop, onFailure } = watched();
  onFailure(new Error('no such block'));
  await new Promise(setImmediate);
  expect(health()).toMatchObject({ healthy: false, status: 'sync-failed' });
  stop.abort();
  expect(health()).toMatchObject({ healthy: false, status: 'closing' });
});
