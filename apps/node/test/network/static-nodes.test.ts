import { createVirtualClock } from '@devp2p/clock/virtual';
import type { Enode } from '@devp2p/enr';
import { describe, expect, test } from 'vitest';
import { silentLogs } from '../../src/logging/log.ts';
import { StaticNodes } from '../../src/network/static-nodes.ts';

const at = (tcp: number, byte = 1): Enode => ({
  ...{ id: new Uint8Array(64).fill(byte), host: '192.0.2.1' },
  ...{ tcp, udp: tcp },
});

function setUp(locate?: (node: Enode, signal: AbortSignal) => Promise<Enode | undefined>) {
  const clock = createVirtualClock();
  const calls: string[] = [];
  const nodes = new StaticNodes({
    connect({ tcp }) {
      calls.push(`connect ${tcp}`);
      return 7;
    },
    remove: (request) => void calls.push(`remove ${request}`),
    locate,
    clock,
    log: silentLogs('network'),
  });
  return { clock, calls, nodes };
}

describe('CM-18 static nodes', () => {
  test('CM-18 the last address is used, and removal ignores the address', () => {
    const { nodes, calls } = setUp();
    nodes.add(at(1));
    nodes.add(at(2));
    nodes.add(at(2));
    nodes.unreached(at(2));
    expect([nodes.size, nodes.has(at(9).id), nodes.has(at(9, 2).id)]).toEqual([1, true, false]);
    nodes.remove(at(9).id);
    nodes.remove(at(9).id);
    nodes.unreached(at(2));
    expect(calls).toEqual(['connect 1', 'connect 2', 'connect 2', 'remove 7']);
    expect(nodes.size).toBe(0);
  });

  test('CM-18 an unreachable node is looked up, and dialed at both addresses in turn', async () => {
    let place: Enode | undefined = at(5);
    let searches = 0;
    const { nodes, calls, clock } = setUp(async () => {
      searches += 1;
      return place;
    });
    const fail = async (tcp: number): Promise<string | undefined> => {
      const before = calls.length;
      nodes.unreached(at(tcp));
      await clock.advance(0);
      return calls.slice(before)[0];
    };
    nodes.add(at(1));
    expect(await fail(1)).toBe('connect 5');
    // Lookups do not follow every failure: the first delays are one minute and two minutes.
    expect(await fail(5)).toBeUndefined();
    await clock.advance(60_000);
    expect(await fail(5)).toBe('connect 1');
    await clock.advance(60_000);
    expect(await fail(1)).toBeUndefined();
    await clock.advance(60_000);
    expect(await fail(1)).toBe('connect 5');
    // The lookup finds no address: dialed at the configured one.
    place = undefined;
    await clock.advance(240_000);
    expect(await fail(5)).toBe('connect 1');
    for (let hour = 0; hour < 10; hour++) {
      await clock.advance(3_600_000);
      await fail(1);
    }
    expect(searches).toBe(14);
  });

  test('CM-18 a failed or late lookup has no effect', async () => {
    let answer = (_: Enode | undefined): void => {};
    let signal: AbortSignal | undefined;
    const { nodes, calls, clock } = setUp((_, given) => {
      signal = given;
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    nodes.add(at(1));
    nodes.unreached(at(1));
    nodes.add(at(2));
    expect(signal?.aborted).toBe(true);
    answer(at(5));
    await clock.advance(0);
    nodes.unreached(at(2));
    nodes.remove(at(2).id);
    answer(at(5));
    await clock.advance(0);
    expect(calls).toEqual(['connect 1', 'connect 2', 'remove 7']);
    const failing = setUp(() => Promise.reject(new Error('no socket')));
    failing.nodes.add(at(1));
    failing.nodes.unreached(at(1));
    await failing.clock.advance(0);
    expect(failing.calls).toEqual(['connect 1']);
    nodes.close();
  });
});
