import { getEventListeners } from 'node:events';
import { toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import type { Message } from '@devp2p/peer';
import { RlpError } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { type EthPeer, type HeadersRequest, type SealedHeader, sealHeader, wrapTransaction } from '../src/index.ts';
import { filled, header, MemoryChain } from './memory-chain.ts';
import { type Attack, attack, codeOf, connect } from './peers.ts';

const codeFrom = async (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(
    () => undefined,
    (error) => codeOf(error) ?? String(error),
  );
const numbers = (headers: readonly SealedHeader[]): number[] => headers.map(({ number }) => number);

describe.each([70, 69, 68])('two nodes on eth/%i', (version) => {
  const chain = new MemoryChain(300);
  const run = async <T>(send: (peer: EthPeer) => Promise<T>): Promise<T> => {
    const { clock, left } = await connect({ chain, versions: [version] }, { chain, versions: [70, 69, 68] });
    const response = send(left.eth);
    await clock.advance(0);
    return response;
  };

  test('ET-06 headers by number', async () => {
    const headers = await run((peer) => peer.getHeaders({ origin: 5, amount: 3 }));
    expect(headers).toEqual(chain.blocks.slice(5, 8).map((each) => each.header));
  });

  test.each<[HeadersRequest, number[]]>([
    [{ origin: 298, amount: 10 }, [298, 299]],
    [{ origin: 300, amount: 10 }, []],
    [{ origin: 10, amount: 3, skip: 4 }, [10, 15, 20]],
    [{ origin: 10, amount: 3, reverse: true }, [10, 9, 8]],
    [{ origin: 10, amount: 9, skip: 4, reverse: true }, [10, 5, 0]],
    [{ origin: chain.hashOf(7), amount: 2 }, [7, 8]],
    [{ origin: chain.hashOf(7), amount: 2, skip: 1, reverse: true }, [7, 5]],
    [{ origin: filled(32, 1), amount: 2 }, []],
    [{ origin: 5, amount: 9, skip: Number.MAX_SAFE_INTEGER }, [5]],
    [{ origin: Number.MAX_SAFE_INTEGER, amount: 2 }, []],
  ])('ET-06 headers: %o', async (request, expected) => {
    expect(numbers(await run((peer) => peer.getHeaders(request)))).toEqual(expected);
  });

  test('ET-06 bodies', async () => {
    const hashes = [chain.hashOf(3), chain.hashOf(1), filled(32, 1), chain.hashOf(2)];
    const bodies = await run((peer) => peer.getBodies(hashes));
    expect(bodies.map((body) => toHex(body.raw))).toEqual(
      [3, 1].map((i) => toHex(chain.blocks[i]?.body as Uint8Array)),
    );
    expect(bodies[0]?.transactions.length).toBe(1);
  });

  test('ET-06 receipts, in one form for every version', async () => {
    const blocks = [1, 0, 2].map((i) => chain.blocks[i]?.header as SealedHeader);
    const receipts = await run((peer) => peer.getReceipts(blocks));
    expect(receipts.map((list) => toHex(list.raw))).toEqual(
      [1, 0, 2].map((i) => toHex(chain.blocks[i]?.receipts as Uint8Array)),
    );
  });

  test('ET-06 many concurrent requests get their own responses', async () => {
    const responses = await run((peer) =>
      Promise.all(Array.from({ length: 200 }, (_, i) => peer.getHeaders({ origin: i, amount: 2 }))),
    );
    expect(responses.map(numbers)).toEqual(Array.from({ length: 200 }, (_, i) => [i, i + 1]));
  });
});

describe('invalid arguments send no request', () => {
  test.each<[string, (peer: EthPeer) => Promise<unknown>]>([
    ['no header', (peer) => peer.getHeaders({ origin: 1, amount: 0 })],
    ['1025 headers', (peer) => peer.getHeaders({ origin: 1, amount: 1025 })],
    ['half a header', (peer) => peer.getHeaders({ origin: 1.5, amount: 1 })],
    ['a negative skip', (peer) => peer.getHeaders({ origin: 1, amount: 1, skip: -1 })],
    ['a short hash', (peer) => peer.getHeaders({ origin: filled(31, 1), amount: 1 })],
    ['no body', (peer) => peer.getBodies([])],
    ['1025 bodies', (peer) => peer.getBodies(new Array(1025).fill(filled(32, 1)))],
    ['a body of a short hash', (peer) => peer.getBodies([filled(31, 1)])],
    ['no receipts', (peer) => peer.getReceipts([])],
  ])('ET-06 %s', async (_, send) => {
    const { peer, received } = await attack();
    expect(await codeFrom(send(peer.eth))).toBe('invalid-request');
    expect(received).toEqual([]);
  });
});

/** Reads our request and returns its id. */
async function idOf({ next }: Attack): Promise<bigint> {
  const { payload } = (await next()) as Message;
  const length = (payload[0] as number) > 0xf7 ? (payload[0] as number) - 0xf7 + 1 : 1;
  const first = payload[length] as number;
  const size = first < 0x80 ? 1 : first - 0x80;
  const start = first < 0x80 ? length : length + 1;
  return BigInt(`0x0${toHex(payload.subarray(start, start + size))}`);
}

const raws = (headers: readonly SealedHeader[]): Uint8Array[] => headers.map(({ raw }) => raw);
const headersOf = (chain: MemoryChain): SealedHeader[] => chain.blocks.map((each) => each.header);

describe('invalid responses', () => {
  const chain = new MemoryChain(64);
  const all = headersOf(chain);
  const [h9, h10, h11, h12] = all.slice(9, 13) as [SealedHeader, SealedHeader, SealedHeader, SealedHeader];
  const fork = sealHeader(header({ number: 11, parentHash: filled(32, 1) }), nobleCrypto);
  const jump = sealHeader(header({ number: 12, parentHash: h10.hash }), nobleCrypto);

  test.each<[string, HeadersRequest, SealedHeader[], string]>([
    ['another origin', { origin: 10, amount: 2 }, [h11, h12], 'invalid-response'],
    ['another hash', { origin: h10.hash, amount: 2 }, [h9, h10], 'invalid-response'],
    ['a header too many', { origin: 10, amount: 2 }, [h10, h11, h12], 'too-many-items'],
    ['a gap', { origin: 10, amount: 3 }, [h10, h12], 'invalid-response'],
    ['a repetition', { origin: 10, amount: 3 }, [h10, h10], 'invalid-response'],
    ['headers that are not linked', { origin: 10, amount: 2 }, [h10, fork], 'invalid-response'],
    ['a number that does not follow', { origin: 10, amount: 2 }, [h10, jump], 'invalid-response'],
    ['the other direction', { origin: 10, amount: 2, reverse: true }, [h10, h11], 'invalid-response'],
    ['parents that are not linked', { origin: 11, amount: 2, reverse: true }, [fork, h10], 'invalid-response'],
    ['another skip', { origin: 9, amount: 2, skip: 1 }, [h9, h10], 'invalid-response'],
    ['no skip backwards', { origin: 10, amount: 2, skip: 1, reverse: true }, [h10, h9], 'invalid-response'],
  ])('HX-15 headers with %s end the peer', async (_, request, response, code) => {
    const attacked = await attack({ chain });
    const pending = codeFrom(attacked.peer.eth.getHeaders(request));
    await attacked.sendMessage('blockHeaders', {
      requestId: await idOf(attacked),
      items: raws(response),
    });
    expect(await pending).toBe(code);
    expect(await attacked.end()).toEqual({
      code,
      reason: 'breach-of-protocol',
      direction: 'local',
    });
  });

  test('HX-15 a malformed header ends the peer', async () => {
    const attacked = await attack({ chain });
    const pending = codeFrom(attacked.peer.eth.getHeaders({ origin: 10, amount: 2 }));
    const items = [h10.raw, Uint8Array.of(0xc0)];
    await attacked.sendMessage('blockHeaders', { requestId: await idOf(attacked), items });
    expect(await pending).toBe('malformed-message');
    expect((await attacked.end()).reason).toBe('breach-of-protocol');
  });

  test('HX-15 a response without a request ends the peer and fails pending requests', async () => {
    const attacked = await attack({ chain });
    const pending = attacked.peer.eth.getHeaders({ origin: 10, amount: 2 });
    const failed = pending.catch((error) => error);
    const requestId = (await idOf(attacked)) ^ 1n;
    await attacked.sendMessage('blockHeaders', { requestId, items: [] });
    expect(await failed).toMatchObject({
      code: 'disconnected',
      cause: { code: 'unknown-request' },
    });
    expect((await attacked.end()).code).toBe('unknown-request');
  });

  test('HX-15 a repeated response ends the peer', async () => {
    const attacked = await attack({ chain });
    const pending = attacked.peer.eth.getHeaders({ origin: 10, amount: 2 });
    const requestId = await idOf(attacked);
    await attacked.sendMessage('blockHeaders', { requestId, items: raws([h10]) });
    expect(numbers(await pending)).toEqual([10]);
    await attacked.sendMessage('blockHeaders', { requestId, items: raws([h10]) });
    expect((await attacked.end()).code).toBe('unknown-request');
  });

  test('HX-15 a response of another kind ends the peer', async () => {
    const attacked = await attack({ chain });
    const pending = codeFrom(attacked.peer.eth.getHeaders({ origin: 10, amount: 2 }));
    await attacked.sendMessage('blockBodies', { requestId: await idOf(attacked), items: [] });
    expect(await pending).toBe('wrong-response');
    expect((await attacked.end()).code).toBe('wrong-response');
  });

  test('HX-15 bodies that the caller refuses end the peer', async () => {
    const attacked = await attack({ chain });
    const seen: number[] = [];
    const verify = async (_: unknown, index: number): Promise<boolean> => {
      seen.push(index);
      return index === 0;
    };
    const hashes = [1, 2, 3].map((i) => chain.hashOf(i));
    const pending = codeFrom(attacked.peer.eth.getBodies(hashes, { verify }));
    const items = [1, 2, 3].map((i) => chain.blocks[i]?.body as Uint8Array);
    await attacked.sendMessage('blockBodies', { requestId: await idOf(attacked), items });
    expect(await pending).toBe('invalid-response');
    expect(seen).toEqual([0, 1]);
    expect((await attacked.end()).reason).toBe('breach-of-protocol');
  });

  test('HX-15 receipts that verify finds malformed end the peer', async () => {
    const attacked = await attack({ chain });
    const verify = (): boolean => {
      throw new RlpError('overrun', 'a log that is too long');
    };
    const pending = codeFrom(attacked.peer.eth.getReceipts([h10], { verify }));
    const items = [chain.blocks[10]?.receipts as Uint8Array];
    await attacked.sendMessage('receipts', {
      requestId: await idOf(attacked),
      items,
      lastBlockIncomplete: false,
    });
    expect(await pending).toBe('invalid-response');
    expect((await attacked.end()).code).toBe('invalid-response');
  });

  test('ET-06 an error of the caller in verify does not end the peer', async () => {
    const attacked = await attack({ chain });
    const verify = (): boolean => {
      throw new Error('worker is gone');
    };
    const pending = attacked.peer.eth.getBodies([chain.hashOf(1)], { verify });
    const failed = pending.catch((error) => error);
    const items = [chain.blocks[1]?.body as Uint8Array];
    await attacked.sendMessage('blockBodies', { requestId: await idOf(attacked), items });
    expect(await failed).toMatchObject({ message: 'worker is gone' });
    const again = attacked.peer.eth.getHeaders({ origin: 0, amount: 1 });
    await attacked.sendMessage('blockHeaders', { requestId: await idOf(attacked), items: [] });
    expect(await again).toEqual([]);
  });

  test('HX-15 transactions that were not requested end the peer', async () => {
    const [one, two] = [filled(20, 1), filled(20, 2)];
    const hashes = [one, two].map((t) => nobleCrypto.keccak256(t));
    const good = await attack({ chain });
    const found = good.peer.eth.getPooledTransactions(hashes);
    await good.sendMessage('pooledTransactions', {
      requestId: await idOf(good),
      items: [two, one].map(wrapTransaction),
    });
    expect(await found).toEqual([
      { hash: hashes[1], transaction: two },
      { hash: hashes[0], transaction: one },
    ]);
    for (const response of [[filled(20, 4)], [one, one]]) {
      const attacked = await attack({ chain });
      const pending = codeFrom(attacked.peer.eth.getPooledTransactions(hashes));
      await attacked.sendMessage('pooledTransactions', {
        requestId: await idOf(attacked),
        items: response.map(wrapTransaction),
      });
      expect(await pending).toBe('invalid-response');
      expect((await attacked.end()).code).toBe('invalid-response');
    }
  });
});

describe('time', () => {
  test('ET-05 a request times out after 20 s, and its late response is dropped', async () => {
    const attacked = await attack();
    const pending = codeFrom(attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }));
    const requestId = await idOf(attacked);
    await attacked.clock.advance(19_900);
    expect(attacked.peer.eth.responseTime).toBeUndefined();
    await attacked.clock.advance(100);
    expect(await pending).toBe('timeout');
    await attacked.sendMessage('blockHeaders', { requestId, items: [] });
    const again = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 });
    await attacked.sendMessage('blockHeaders', { requestId: await idOf(attacked), items: [] });
    expect(await again).toEqual([]);
    // Only once.
    await attacked.sendMessage('blockHeaders', { requestId, items: [] });
    expect((await attacked.end()).code).toBe('unknown-request');
  });

  test('ET-05 the timeout follows the peer between 2 and 20 s', async () => {
    const attacked = await attack();
    const respondAfter = async (ms: number): Promise<void> => {
      const pending = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 });
      const requestId = await idOf(attacked);
      await attacked.clock.advance(ms);
      await attacked.sendMessage('blockHeaders', { requestId, items: [] });
      await pending;
    };
    const timeout = async (): Promise<number> => {
      const pending = codeFrom(attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }));
      await idOf(attacked);
      let waited = 0;
      let failed = false;
      void pending.then(() => {
        failed = true;
      });
      for (; !failed; waited += 100) await attacked.clock.advance(100);
      expect(await pending).toBe('timeout');
      return waited;
    };
    await respondAfter(50);
    expect(await timeout()).toBe(2000);
    expect(await timeout()).toBe(4000);
    await respondAfter(3000);
    const patient = await timeout();
    expect(patient).toBeGreaterThan(2000);
    expect(patient).toBeLessThan(20_000);
    for (let i = 0; i < 5; i++) await timeout().catch(() => {});
    expect(await timeout()).toBe(20_000);
  });

  test('ET-05 a timeout of the caller applies to its request alone', async () => {
    const attacked = await attack();
    const forever = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }, { timeout: Number.POSITIVE_INFINITY });
    const requestId = await idOf(attacked);
    const short = codeFrom(attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }, { timeout: 300 }));
    await attacked.clock.advance(300);
    expect(await short).toBe('timeout');
    // The other party is not silent, or the connection ends.
    for (let i = 0; i < 20; i++) {
      await attacked.clock.advance(5000);
      await attacked.sendMessage('newPooledTransactionHashes', { types: new Uint8Array(), sizes: [], hashes: [] });
    }
    expect(attacked.peer.eth.responseTime).toBeUndefined();
    await attacked.sendMessage('blockHeaders', { requestId, items: [] });
    expect(await forever).toEqual([]);
    const misspelt = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }, { timeout: 0 });
    expect(await codeFrom(misspelt)).toBe('invalid-request');
  });

  test('ET-06 an aborted request rejects at once, and its late response is dropped', async () => {
    const attacked = await attack();
    const controller = new AbortController();
    const reason = new Error('enough');
    const pending = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }, { signal: controller.signal });
    const requestId = await idOf(attacked);
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await attacked.sendMessage('blockHeaders', { requestId, items: [Uint8Array.of(0xc0)] });
    await expect(attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }, { signal: controller.signal })).rejects.toBe(
      reason,
    );
    expect(attacked.received).toEqual([]);
    expect(attacked.peer.eth.info()).not.toBe('handshake');
  });

  test('ET-06 completed requests leave no listener on their signal', async () => {
    const attacked = await attack();
    const { signal } = new AbortController();
    for (let i = 0; i < 3; i++) {
      const pending = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }, { signal });
      const requestId = await idOf(attacked);
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);
      await attacked.sendMessage('blockHeaders', { requestId, items: [] });
      await pending;
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }
  });

  test('ET-06 a request can be aborted during the handshake', async () => {
    const attacked = await attack({ mute: true });
    const controller = new AbortController();
    const pending = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
  });

  test('ET-05 a jump of the wall clock by an hour times no request out', async () => {
    const attacked = await attack();
    const pending = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 });
    const requestId = await idOf(attacked);
    for (const jump of [3_600_000, -7_200_000]) {
      attacked.clock.jump(jump);
      await attacked.clock.advance(1000);
    }
    await attacked.sendMessage('blockHeaders', { requestId, items: [] });
    expect(await pending).toEqual([]);
  });
});

test('ET-06 the end of a peer releases its timers and listeners', async () => {
  const chain = new MemoryChain(4);
  const attacked = await attack({ chain });
  const controller = new AbortController();
  const pending = codeFrom(attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }, { signal: controller.signal }));
  await attacked.peer.disconnect('requested');
  expect(await pending).toBe('disconnected');
  expect(await codeFrom(attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }))).toBe('disconnected');
  await attacked.clock.advance(5000);
  expect(attacked.clock.pending).toBe(0);
  expect(chain.listeners).toBe(0);
});
