import { setMaxListeners } from 'node:events';
import { virtualClock } from '@devp2p/clock/virtual';
import type { Enode } from '@devp2p/enr';
import { afterEach, expect, test } from 'vitest';
import { silentLogs } from '../../src/log.ts';
import { dialCandidates } from '../../src/network/dialer.ts';
import type { NodePeer } from '../../src/network/peers.ts';

type Outcome = 'peer' | 'refused' | 'unreachable' | 'silent';

const node = (number: number): Enode => ({
  id: new Uint8Array(64).fill(number),
  host: '192.0.2.1',
  tcp: number,
  udp: number,
});

let end = (): void => {};
afterEach(() => end());

/** A dialer over nodes that are found at will. */
function setUp({ maxPeers = 50, unwanted = [] as number[], unsuitable = [] as number[] } = {}) {
  const clock = virtualClock();
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  end = () => stop.abort();
  const queue: Enode[] = [];
  const state = { taken: 0, pending: 0, most: 0, dialled: [] as number[] };
  let outcome: Outcome = 'peer';
  let wake = (): void => {};
  const peers: { peer: NodePeer; drop: () => void }[] = [];
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const addPeer = (isStatic = false): NodePeer => {
    let drop = (): void => {};
    const closed = new Promise<never>((resolve) => {
      drop = () => {
        peers.splice(peers.indexOf(entry), 1);
        (resolve as () => void)();
        changed();
      };
    });
    // The dialer looks at nothing else of a peer.
    const entry = { peer: { isStatic, closed } as unknown as NodePeer, drop };
    peers.push(entry);
    changed();
    return entry.peer;
  };
  async function* candidates() {
    while (!stop.signal.aborted) {
      const next = queue.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          stop.signal.addEventListener('abort', () => resolve());
        });
        continue;
      }
      state.taken++;
      yield next;
    }
  }
  const over = dialCandidates({
    candidates: candidates(),
    isWanted: ({ tcp }) => !unwanted.includes(tcp),
    isSuitable: async ({ tcp }) => !unsuitable.includes(tcp),
    async dial({ tcp }, admit) {
      state.dialled.push(tcp);
      state.most = Math.max(state.most, ++state.pending);
      try {
        if (outcome === 'unreachable') throw new Error('unreachable');
        if (outcome === 'silent') {
          await new Promise<void>((resolve) => {
            clock.setTimeout(resolve, 15_000);
            stop.signal.addEventListener('abort', () => resolve());
          });
          throw new Error('timeout');
        }
        if (!admit() || outcome === 'refused') return undefined;
        return addPeer();
      } finally {
        state.pending--;
      }
    },
    peers: {
      list: () => peers.map(({ peer }) => peer),
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    maxPeers,
    clock,
    log: silentLogs('network'),
    signal: stop.signal,
  });
  return {
    ...{ clock, state, peers, addPeer, stop, over },
    become(next: Outcome) {
      outcome = next;
    },
    async find(...numbers: number[]) {
      queue.push(...numbers.map(node));
      wake();
      await clock.advance(0);
    },
  };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test.each([
  [50, 16],
  [3, 1],
  [1, 1],
  [0, 0],
])('with maxPeers %i, %i are dialled', async (maxPeers, dialled) => {
  const { find, peers, state } = setUp({ maxPeers });
  await find(...upTo(60));
  expect(peers).toHaveLength(dialled);
  // What there is no use for is not even asked for.
  expect(state.taken).toBeLessThanOrEqual(2 * dialled);
});

test('a peer that is lost is replaced', async () => {
  const { find, peers, state, clock } = setUp({ maxPeers: 6 });
  await find(...upTo(10));
  expect(peers).toHaveLength(2);
  peers[0]?.drop();
  await clock.advance(0);
  expect(peers).toHaveLength(2);
  expect(new Set(state.dialled).size).toBe(state.dialled.length);
});

test('no more than 16 are dialled at once', async () => {
  const { find, state, clock, become } = setUp({ maxPeers: 300 });
  become('silent');
  await find(...upTo(100));
  expect(state.dialled).toHaveLength(16);
  await clock.advance(15_000);
  expect(state.dialled).toHaveLength(32);
  expect(state.most).toBe(16);
});

test.each(['unreachable', 'refused'] as const)(
  'one that is %s is not dialled again within 35 s',
  async (outcome) => {
    const { find, state, clock, become } = setUp();
    become(outcome);
    await find(1, 1);
    await clock.advance(34_999);
    await find(1);
    expect(state.dialled).toEqual([1]);
    await clock.advance(1);
    await find(1);
    expect(state.dialled).toEqual([1, 1]);
  },
);

test('those that are not wanted or not suitable are not dialled', async () => {
  const { find, state } = setUp({ unwanted: [1, 2], unsuitable: [3, 4] });
  await find(1, 2, 3, 4, 5);
  expect(state.dialled).toEqual([5]);
});

test('nobody is dialled while others fill all places; static peers fill none', async () => {
  const { find, state, peers, addPeer, clock } = setUp({ maxPeers: 3 });
  for (let i = 0; i < 3; i++) addPeer();
  await find(1, 2);
  expect(state.dialled.length).toBeLessThanOrEqual(1);
  const before = state.dialled.length;
  peers[0]?.drop();
  await clock.advance(0);
  expect(state.dialled.length).toBeGreaterThanOrEqual(before);
  const other = setUp({ maxPeers: 3 });
  for (let i = 0; i < 3; i++) other.addPeer(true);
  await other.find(1);
  expect(other.state.dialled).toEqual([1]);
});

test('it ends with its signal, and no attempt outlives it', async () => {
  const { find, state, become, stop, over } = setUp();
  become('silent');
  await find(1, 2, 3);
  stop.abort();
  await over;
  expect(state.pending).toBe(0);
});
