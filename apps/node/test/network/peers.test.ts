import { expect, test } from 'vitest';
import { createPeerSet, type NodePeer } from '../../src/network/peers.ts';

/** A peer with a repeated byte as its id, and a function that ends it. */
function fakePeer(byte: number): { peer: NodePeer; end(): void } {
  let end = (): void => {};
  const closed = new Promise<never>((resolve) => {
    end = resolve as () => void;
  });
  return { peer: { id: new Uint8Array(64).fill(byte), closed } as unknown as NodePeer, end };
}

test('ET-15 a peer is registered once, until it has ended', async () => {
  const peers = createPeerSet();
  let changes = 0;
  peers.onChange(() => changes++);
  const first = fakePeer(1);
  const second = fakePeer(1);
  expect(peers.add(first.peer)).toBe(true);
  expect(peers.add(first.peer)).toBe(false);
  expect(peers.add(second.peer)).toBe(false);
  expect(peers.add(fakePeer(2).peer)).toBe(true);
  expect(peers.list().map(({ id }) => id[0])).toEqual([1, 2]);
  expect(changes).toBe(2);
  // The end of a refused peer does not remove the registered one.
  second.end();
  await new Promise(setImmediate);
  expect(peers.has(first.peer.id)).toBe(true);
  first.end();
  await new Promise(setImmediate);
  expect(peers.list().map(({ id }) => id[0])).toEqual([2]);
  expect(changes).toBe(3);
  expect(peers.add(second.peer)).toBe(true);
});
