import { type VirtualClock, virtualClock } from '@devp2p/clock/virtual';
import { describe, expect, test } from 'vitest';
import { silentLogs } from '../../src/log.ts';
import type { NodePeer } from '../../src/network/peers.ts';
import { keepConnected } from '../../src/network/static-node.ts';

type Attempt = 'fails' | 'is refused' | { connectedFor: number };

/** Lets a node be dialled that behaves as the attempts say, the last one for ever. */
function dialled(clock: VirtualClock, attempts: readonly Attempt[], random = 0.5) {
  const times: number[] = [];
  const stop = new AbortController();
  let present: Promise<void> = Promise.resolve();
  const loop = keepConnected({
    name: 'enode',
    gone: () => present,
    async dial() {
      const attempt = attempts[Math.min(times.length, attempts.length - 1)];
      times.push(clock.monotonic());
      if (attempt === 'fails') throw new Error('connection refused');
      if (attempt === 'is refused') return undefined;
      const closed = new Promise<void>((resolve) =>
        clock.setTimeout(resolve, attempt?.connectedFor ?? 0),
      );
      return { closed } as unknown as NodePeer;
    },
    clock,
    random: () => random,
    log: silentLogs('network'),
    signal: stop.signal,
  });
  return {
    ...loop,
    times,
    stop,
    connectFor(ms: number) {
      present = new Promise((resolve) => clock.setTimeout(resolve, ms));
    },
  };
}

describe('ND-01 a static node is dialled again', () => {
  test.each<[string, Attempt[], number[]]>([
    [
      'less and less often while it cannot be reached',
      ['fails'],
      [0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 98_000, 133_000],
    ],
    ['less and less often while it wants nothing of us', ['is refused'], [0, 1_000, 3_000, 7_000]],
    [
      'as often as an unreachable one while it drops us soon',
      [{ connectedFor: 500 }],
      [0, 1_500, 4_000, 8_500],
    ],
    [
      'soon after a connection that lasted',
      ['fails', 'fails', 'fails', { connectedFor: 60_000 }, 'fails'],
      [0, 1_000, 3_000, 7_000, 68_000, 70_000],
    ],
  ])('ND-01 %s', async (_, attempts, times) => {
    const clock = virtualClock();
    const node = dialled(clock, attempts);
    await clock.advance(times.at(-1) ?? 0);
    expect(node.times).toEqual(times);
    node.stop.abort();
    await clock.advance(60_000); // Until the last connection is over.
    await node.over;
    expect(node.times).toEqual(times);
    expect(clock.pending).toBe(0);
  });

  test('ND-01 not while there is a connection that it made itself', async () => {
    const clock = virtualClock();
    const node = dialled(clock, ['fails']);
    node.connectFor(10_000);
    await clock.advance(30_000);
    expect(node.times).toEqual([0, 10_000, 12_000, 16_000, 24_000]);
  });

  test('ND-01 not in step with a node that dials us', async () => {
    const clock = virtualClock();
    const nodes = [0, 1].map((random) => dialled(clock, ['fails'], random));
    await clock.advance(3_000);
    expect(nodes.map(({ times }) => times)).toEqual([
      [0, 800, 2_400],
      [0, 1_200],
    ]);
  });

  test('ND-01 and is said to have been tried once it has', async () => {
    const clock = virtualClock();
    const node = dialled(clock, ['fails']);
    let tried = false;
    node.tried.then(() => {
      tried = true;
    });
    expect(tried).toBe(false);
    await clock.advance(0);
    expect(tried).toBe(true);
  });
});
