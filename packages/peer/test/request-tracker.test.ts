import { getEventListeners } from 'node:events';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { bigint, decode, encode, list, struct, uint } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import {
  type Channel,
  createRequestTracker,
  openPeer,
  type Peer,
  type PeerHandle,
  type Protocol,
  type RequestTracker,
} from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';

interface Responses {
  squares: readonly number[];
  cubes: readonly number[];
}

/** Random source that counts, and returns each number twice. */
function repeating(): (length: number) => Uint8Array {
  let next = 0;
  return (length) => {
    const bytes = new Uint8Array(length);
    new DataView(bytes.buffer).setUint32(4, Math.floor(next++ / 2));
    return bytes;
  };
}

function tracker(clock: VirtualClock = createVirtualClock()): RequestTracker<Responses> {
  return createRequestTracker<Responses>({ clock, random: repeating() });
}

const code = (error: string): unknown => expect.objectContaining({ code: error });

describe('one tracker', () => {
  test('ET-05 ids are 64 random bits, 0 included, and are unique among pending requests', () => {
    const requests = tracker();
    const ids = Array.from({ length: 4 }, () => requests.track('squares', 1).requestId);
    expect(ids).toEqual([0n, 1n, 2n, 3n]);
    const high = createRequestTracker<Responses>({
      clock: createVirtualClock(),
      random: (length) => new Uint8Array(length).fill(0xff),
    });
    expect(high.track('squares', 1).requestId).toBe(2n ** 64n - 1n);
  });

  test('ET-05 up to 10,000 requests may be pending', async () => {
    const requests = tracker();
    const sent = Array.from({ length: 10_000 }, () => requests.track('squares', 1));
    expect(() => requests.track('squares', 1)).toThrow(code('too-many-requests'));
    requests.receive('squares', 5n, [25], 1);
    await expect(sent[5]?.response).resolves.toEqual([25]);
    expect(requests.track('squares', 1).requestId).toBe(10_000n);
  });

  test('ET-05 the last 10,000 canceled requests are remembered', () => {
    const requests = tracker();
    for (let i = 0; i <= 10_000; i++) {
      const { requestId, response } = requests.track('squares', 1);
      response.catch(() => {});
      requests.cancel(requestId, new Error('enough'));
    }
    requests.receive('squares', 1n, [], 0);
    requests.receive('squares', 10_000n, [], 0);
    expect(() => requests.receive('squares', 0n, [], 0)).toThrow(code('breach'));
  });

  test('HX-15 unsolicited, repeated, oversized and mismatched responses are breaches', async () => {
    const requests = tracker();
    const breach = expect.objectContaining({ code: 'breach', reason: 'breach-of-protocol' });
    expect(() => requests.receive('squares', 7n, [], 0)).toThrow(breach);
    const { requestId, response } = requests.track('squares', 1);
    requests.receive('squares', requestId, [1], 1);
    expect(await response).toEqual([1]);
    expect(() => requests.receive('squares', requestId, [1], 1)).toThrow(breach);
    for (const [kind, items] of [
      ['squares', 3],
      ['cubes', 1],
    ] as const) {
      const sent = requests.track('squares', 2);
      const failed = sent.response.catch((error: unknown) => error);
      expect(() => requests.receive(kind, sent.requestId, [], items)).toThrow(breach);
      expect(await failed).toEqual(breach);
    }
  });

  test('errors are those of the protocol, if it makes its own', async () => {
    const clock = createVirtualClock();
    const requests = createRequestTracker<Responses>({
      clock,
      createError: (failure, message) => new Error(`${failure}: ${message}`),
      maxPending: 1,
      minTimeout: 10,
      maxTimeout: 100,
    });
    const { response } = requests.track('squares', 1);
    expect(() => requests.track('squares', 1)).toThrow('too-many-requests: 1 requests already wait for a response');
    const failed = expect(response).rejects.toThrow('timeout: no response within 100 ms');
    await clock.advance(100);
    await failed;
    expect(() => requests.receive('squares', 1n, [], 0)).toThrow('unknown-request: squares without a request');
  });

  test('a timeout of one request changes no other, and its response time is not measured', async () => {
    const clock = createVirtualClock();
    const requests = tracker(clock);
    const patient = requests.track('squares', 1, undefined, Number.POSITIVE_INFINITY);
    const hasty = requests.track('squares', 1, undefined, 5).response;
    const failed = expect(hasty).rejects.toEqual(code('request-timeout'));
    await clock.advance(5);
    await failed;
    await clock.advance(100_000);
    requests.receive('squares', patient.requestId, [4], 1);
    expect(await patient.response).toEqual([4]);
    expect(requests.responseTime).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  test('a closed tracker rejects every request and keeps no timer and no listener', async () => {
    const clock = createVirtualClock();
    const requests = tracker(clock);
    const { signal } = new AbortController();
    const { response } = requests.track('squares', 1, signal);
    const failed = expect(response).rejects.toThrow('closed');
    requests.close(new Error('closed'));
    requests.close(new Error('closed again'));
    await failed;
    expect(() => requests.track('squares', 1)).toThrow('closed');
    expect(clock.pending).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test.each([
    [{ maxPending: 0 }, 'maxPending is 0'],
    [{ minTimeout: 10, maxTimeout: 5 }, 'minTimeout is 10, expected at most maxTimeout, 5'],
    [{ timeout: 5 }, 'createRequestTracker has no option "timeout"'],
  ])('invalid options are refused: %o', (options, message) => {
    expect(() => createRequestTracker(options as object)).toThrow(message);
  });
});

const request = struct({ requestId: bigint(64), numbers: list(uint(32), { max: 100 }) });
const response = struct({ requestId: bigint(64), numbers: list(uint(53), { max: 100 }) });

interface PowersApi {
  squares(numbers: readonly number[]): Promise<readonly number[]>;
  /** Sends a message without any check. */
  send(code: number, payload: Uint8Array): Promise<void>;
}

/**
 * A second protocol with requests, as small as one can be: the remote returns the squares of some numbers.
 * `respond` replaces its responses.
 */
function powers(
  clock: VirtualClock,
  respond?: (requestId: bigint, numbers: number[]) => [number, Uint8Array] | undefined,
): Protocol<'powers', PowersApi> {
  return {
    name: 'powers',
    versions: [{ version: 1, length: 3 }],
    attach(channel: Channel, peer: PeerHandle) {
      const requests = createRequestTracker<Responses>({ clock });
      peer.signal.addEventListener('abort', () => requests.close(new Error('disconnected')));
      return {
        api: {
          squares(numbers) {
            const { requestId, response } = requests.track('squares', numbers.length);
            void channel.send(0, encode(request, { requestId, numbers: [...numbers] }));
            return response;
          },
          send: (code, payload) => channel.send(code, payload),
        },
        async run() {
          for await (const { code, payload } of channel) {
            if (code === 0) {
              const { requestId, numbers } = decode(request, payload);
              const squares = numbers.map((number) => number * number);
              const [kind, message] =
                respond === undefined
                  ? [1, encode(response, { requestId, numbers: squares })]
                  : (respond(requestId, squares) ?? []);
              if (kind !== undefined && message) await channel.send(kind, message);
            } else {
              const { requestId, numbers } = decode(response, payload);
              const kind = code === 1 ? 'squares' : 'cubes';
              requests.receive(kind, requestId, numbers, numbers.length);
            }
          }
        },
      };
    },
  };
}

async function connected(respond?: Parameters<typeof powers>[1]): Promise<{
  clock: VirtualClock;
  peer: Peer & { powers: PowersApi };
  remote: Peer & { powers: PowersApi };
}> {
  const clock = createVirtualClock();
  const [a, b] = streamPair();
  const [peer, remote] = await Promise.all([
    openPeer(a, { clock, protocols: [powers(clock)] }),
    openPeer(b, { clock, protocols: [powers(clock, respond)] }),
  ]);
  return { clock, peer, remote };
}

describe('a second protocol with requests', () => {
  test('concurrent requests get their own responses', async () => {
    const { clock, peer } = await connected();
    const all = Promise.all([peer.powers.squares([2, 3]), peer.powers.squares([4])]);
    await clock.advance(0);
    expect(await all).toEqual([[4, 9], [16]]);
    await peer.disconnect('requested');
  });

  test('responses arrive in any order', async () => {
    const held: [number, Uint8Array][] = [];
    const { clock, peer, remote } = await connected((requestId, numbers) => {
      held.unshift([1, encode(response, { requestId, numbers })]);
      return undefined;
    });
    const all = Promise.all([peer.powers.squares([2]), peer.powers.squares([3])]);
    await clock.advance(0);
    for (const [kind, message] of held) await remote.powers.send(kind, message);
    await clock.advance(0);
    expect(await all).toEqual([[4], [9]]);
  });

  test('a request without a response times out, and its late response is dropped', async () => {
    let late: Uint8Array | undefined;
    const { clock, peer, remote } = await connected((requestId, numbers) => {
      late = encode(response, { requestId, numbers });
      return undefined;
    });
    const failed = expect(peer.powers.squares([2])).rejects.toMatchObject({
      code: 'request-timeout',
      message: 'no response within 20000 ms',
    });
    await clock.advance(20_000);
    await failed;
    await remote.powers.send(1, late as Uint8Array);
    await clock.advance(0);
    expect(peer.signal.aborted).toBe(false);
  });

  test.each<[string, NonNullable<Parameters<typeof powers>[1]>]>([
    ['to no request', (id, numbers) => [1, encode(response, { requestId: id ^ 1n, numbers })]],
    ['of another kind', (requestId, numbers) => [2, encode(response, { requestId, numbers })]],
    ['of too many items', (requestId) => [1, encode(response, { requestId, numbers: [1, 2] })]],
  ])('HX-15 a response %s ends the peer', async (_, respond) => {
    const { clock, peer } = await connected(respond);
    const failed = peer.powers.squares([2]).catch((error: unknown) => error);
    await clock.advance(3000);
    expect(await failed).toBeInstanceOf(Error);
    expect(await peer.closed).toMatchObject({
      reason: 'breach-of-protocol',
      direction: 'local',
      error: { code: 'breach' },
    });
  });
});
