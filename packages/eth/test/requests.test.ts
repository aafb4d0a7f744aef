import { getEventListeners } from 'node:events';
import { nobleCrypto } from '@devp2p/crypto';
import type { Message } from '@devp2p/peer';
import { RlpError } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import {
  type EthPeer,
  type HeadersRequest,
  type SealedHeader,
  sealHeader,
  wrapTransaction,
} from '../src/index.ts';
import { filled, header, hex, MemoryChain } from './memory-chain.ts';
import { type Attack, attack, codeOf, connect } from './peers.ts';

const codeFrom = async (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(
    () => undefined,
    (error) => codeOf(error) ?? String(error),
  );
const numbers = (headers: readonly SealedHeader[]): number[] => headers.map(({ number }) => number);

describe.each([70, 69, 68])('two nodes on eth/%i', (version) => {
  const chain = new MemoryChain(300);
  const ask = async <T>(question: (peer: EthPeer) => Promise<T>): Promise<T> => {
    const { clock, left } = await connect(
      { chain, versions: [version] },
      { chain, versions: [70, 69, 68] },
    );
    const answer = question(left.eth);
    await clock.advance(0);
    return answer;
  };

  test('ET-06 headers by number', async () => {
    const headers = await ask((peer) => peer.getHeaders({ origin: 5, amount: 3 }));
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
    expect(numbers(await ask((peer) => peer.getHeaders(request)))).toEqual(expected);
  });

  test('ET-06 bodies', async () => {
    const hashes = [chain.hashOf(3), chain.hashOf(1), filled(32, 1), chain.hashOf(2)];
    const bodies = await ask((peer) => peer.getBodies(hashes));
    expect(bodies.map((body) => hex(body.raw))).toEqual(
      [3, 1].map((i) => hex(chain.blocks[i]?.body as Uint8Array)),
    );
    expect(bodies[0]?.transactions.length).toBe(1);
  });

  test('ET-06 receipts, in one form whatever the version', async () => {
    const blocks = [1, 0, 2].map((i) => chain.blocks[i]?.header as SealedHeader);
    const receipts = await ask((peer) => peer.getReceipts(blocks));
    expect(receipts.map((list) => hex(list.raw))).toEqual(
      [1, 0, 2].map((i) => hex(chain.blocks[i]?.receipts as Uint8Array)),
    );
  });

  test('ET-06 many requests at once are each answered', async () => {
    const answers = await ask((peer) =>
      Promise.all(Array.from({ length: 200 }, (_, i) => peer.getHeaders({ origin: i, amount: 2 }))),
    );
    expect(answers.map(numbers)).toEqual(Array.from({ length: 200 }, (_, i) => [i, i + 1]));
  });
});

describe('a caller’s mistake sends nothing', () => {
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
  ])('ET-06 %s', async (_, question) => {
    const { peer, received } = await attack();
    expect(await codeFrom(question(peer.eth))).toBe('invalid-request');
    expect(received).toEqual([]);
  });
});

/** Takes our question off the wire and returns its id. */
async function idOf({ next }: Attack): Promise<bigint> {
  const { payload } = (await next()) as Message;
  const length = (payload[0] as number) > 0xf7 ? (payload[0] as number) - 0xf7 + 1 : 1;
  const first = payload[length] as number;
  const size = first < 0x80 ? 1 : first - 0x80;
  const start = first < 0x80 ? length : length + 1;
  return BigInt(`0x0${hex(payload.subarray(start, start + size))}`);
}

const raws = (headers: readonly SealedHeader[]): Uint8Array[] => headers.map(({ raw }) => raw);
const headersOf = (chain: MemoryChain): SealedHeader[] => chain.blocks.map((each) => each.header);

describe('answers that are no answers', () => {
  const chain = new MemoryChain(64);
  const all = headersOf(chain);
  const [h9, h10, h11, h12] = all.slice(9, 13) as [
    SealedHeader,
    SealedHeader,
    SealedHeader,
    SealedHeader,
  ];
  const fork = sealHeader(header({ number: 11, parentHash: filled(32, 1) }), nobleCrypto);
  const jump = sealHeader(header({ number: 12, parentHash: h10.hash }), nobleCrypto);

  test.each<[string, HeadersRequest, SealedHeader[], string]>([
    ['another origin', { origin: 10, amount: 2 }, [h11, h12], 'invalid-response'],
    ['another hash', { origin: h10.hash, amount: 2 }, [h9, h10], 'invalid-response'],
    ['a header too many', { origin: 10, amount: 2 }, [h10, h11, h12], 'too-many-items'],
    ['a gap', { origin: 10, amount: 3 }, [h10, h12], 'invalid-response'],
    ['a repetition', { origin: 10, amount: 3 }, [h10, h10], 'invalid-response'],
    ['headers that do not chain', { origin: 10, amount: 2 }, [h10, fork], 'invalid-response'],
    ['a number that does not follow', { origin: 10, amount: 2 }, [h10, jump], 'invalid-response'],
    [
      'the other direction',
      { origin: 10, amount: 2, reverse: true },
      [h10, h11],
      'invalid-response',
    ],
    [
      'parents that do not chain',
      { origin: 11, amount: 2, reverse: true },
      [fork, h10],
      'invalid-response',
    ],
    ['another skip', { origin: 9, amount: 2, skip: 1 }, [h9, h10], 'invalid-response'],
    [
      'no skip backwards',
      { origin: 10, amount: 2, skip: 1, reverse: true },
      [h10, h9],
      'invalid-response',
    ],
  ])('HX-15 headers with %s end the peer', async (_, request, answer, code) => {
    const attacked = await attack({ chain });
    const asked = codeFrom(attacked.peer.eth.getHeaders(request));
    await attacked.say('blockHeaders', { requestId: await idOf(attacked), items: raws(answer) });
    expect(await asked).toBe(code);
    expect(await attacked.end()).toEqual({
      code,
      reason: 'breach-of-protocol',
      direction: 'local',
    });
  });

  test('HX-15 a malformed header ends the peer', async () => {
    const attacked = await attack({ chain });
    const asked = codeFrom(attacked.peer.eth.getHeaders({ origin: 10, amount: 2 }));
    const items = [h10.raw, Uint8Array.of(0xc0)];
    await attacked.say('blockHeaders', { requestId: await idOf(attacked), items });
    expect(await asked).toBe('malformed-message');
    expect((await attacked.end()).reason).toBe('breach-of-protocol');
  });

  test('HX-15 an answer to no question ends the peer, and fails the questions that wait', async () => {
    const attacked = await attack({ chain });
    const asked = attacked.peer.eth.getHeaders({ origin: 10, amount: 2 });
    const failed = asked.catch((error) => error);
    const requestId = (await idOf(attacked)) ^ 1n;
    await attacked.say('blockHeaders', { requestId, items: [] });
    expect(await failed).toMatchObject({
      code: 'disconnected',
      cause: { code: 'unknown-request' },
    });
    expect((await attacked.end()).code).toBe('unknown-request');
  });

  test('HX-15 the same answer twice ends the peer', async () => {
    const attacked = await attack({ chain });
    const asked = attacked.peer.eth.getHeaders({ origin: 10, amount: 2 });
    const requestId = await idOf(attacked);
    await attacked.say('blockHeaders', { requestId, items: raws([h10]) });
    expect(numbers(await asked)).toEqual([10]);
    await attacked.say('blockHeaders', { requestId, items: raws([h10]) });
    expect((await attacked.end()).code).toBe('unknown-request');
  });

  test('HX-15 an answer of another kind ends the peer', async () => {
    const attacked = await attack({ chain });
    const asked = codeFrom(attacked.peer.eth.getHeaders({ origin: 10, amount: 2 }));
    await attacked.say('blockBodies', { requestId: await idOf(attacked), items: [] });
    expect(await asked).toBe('wrong-response');
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
    const asked = codeFrom(attacked.peer.eth.getBodies(hashes, { verify }));
    const items = [1, 2, 3].map((i) => chain.blocks[i]?.body as Uint8Array);
    await attacked.say('blockBodies', { requestId: await idOf(attacked), items });
    expect(await asked).toBe('invalid-response');
    expect(seen).toEqual([0, 1]);
    expect((await attacked.end()).reason).toBe('breach-of-protocol');
  });

  test('HX-15 receipts that turn out to be malformed when they are verified end the peer', async () => {
    const attacked = await attack({ chain });
    const verify = (): boolean => {
      throw new RlpError('overrun', 'a log that is too long');
    };
    const asked = codeFrom(attacked.peer.eth.getReceipts([h10], { verify }));
    const items = [chain.blocks[10]?.receipts as Uint8Array];
    await attacked.say('receipts', {
      requestId: await idOf(attacked),
      items,
      lastBlockIncomplete: false,
    });
    expect(await asked).toBe('invalid-response');
    expect((await attacked.end()).code).toBe('invalid-response');
  });

  test('ET-06 a failure of the caller’s own in verify is not the remote’s fault', async () => {
    const attacked = await attack({ chain });
    const verify = (): boolean => {
      throw new Error('worker is gone');
    };
    const asked = attacked.peer.eth.getBodies([chain.hashOf(1)], { verify });
    const failed = asked.catch((error) => error);
    const items = [chain.blocks[1]?.body as Uint8Array];
    await attacked.say('blockBodies', { requestId: await idOf(attacked), items });
    expect(await failed).toMatchObject({ message: 'worker is gone' });
    const again = attacked.peer.eth.getHeaders({ origin: 0, amount: 1 });
    await attacked.say('blockHeaders', { requestId: await idOf(attacked), items: [] });
    expect(await again).toEqual([]);
  });

  test('HX-15 transactions that were not asked for end the peer', async () => {
    const [one, two] = [filled(20, 1), filled(20, 2)];
    const hashes = [one, two].map((t) => nobleCrypto.keccak256(t));
    const good = await attack({ chain });
    const found = good.peer.eth.getPooledTransactions(hashes);
    await good.say('pooledTransactions', {
      requestId: await idOf(good),
      items: [two, one].map(wrapTransaction),
    });
    expect(await found).toEqual([
      { hash: hashes[1], transaction: two },
      { hash: hashes[0], transaction: one },
    ]);
    for (const answer of [[filled(20, 4)], [one, one]]) {
      const attacked = await attack({ chain });
      const asked = codeFrom(attacked.peer.eth.getPooledTransactions(hashes));
      await attacked.say('pooledTransactions', {
        requestId: await idOf(attacked),
        items: answer.map(wrapTransaction),
      });
      expect(await asked).toBe('invalid-response');
      expect((await attacked.end()).code).toBe('invalid-response');
    }
  });
});

describe('time', () => {
  test('ET-05 a question is given up after 20 s, and its late answer dropped', async () => {
    const attacked = await attack();
    const asked = codeFrom(attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }));
    const requestId = await idOf(attacked);
    await attacked.clock.advance(19_900);
    expect(attacked.peer.eth.responseTime).toBeUndefined();
    await attacked.clock.advance(100);
    expect(await asked).toBe('timeout');
    await attacked.say('blockHeaders', { requestId, items: [] });
    const again = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 });
    await attacked.say('blockHeaders', { requestId: await idOf(attacked), items: [] });
    expect(await again).toEqual([]);
    // Only once, though.
    await attacked.say('blockHeaders', { requestId, items: [] });
    expect((await attacked.end()).code).toBe('unknown-request');
  });

  test('ET-05 the timeout follows the peer between 2 and 20 s', async () => {
    const attacked = await attack();
    const answerAfter = async (ms: number): Promise<void> => {
      const asked = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 });
      const requestId = await idOf(attacked);
      await attacked.clock.advance(ms);
      await attacked.say('blockHeaders', { requestId, items: [] });
      await asked;
    };
    const timeout = async (): Promise<number> => {
      const asked = codeFrom(attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }));
      await idOf(attacked);
      let waited = 0;
      let failed = false;
      void asked.then(() => {
        failed = true;
      });
      for (; !failed; waited += 100) await attacked.clock.advance(100);
      expect(await asked).toBe('timeout');
      return waited;
    };
    await answerAfter(50);
    expect(await timeout()).toBe(2000);
    expect(await timeout()).toBe(4000);
    await answerAfter(3000);
    const patient = await timeout();
    expect(patient).toBeGreaterThan(2000);
    expect(patient).toBeLessThan(20_000);
    for (let i = 0; i < 5; i++) await timeout().catch(() => {});
    expect(await timeout()).toBe(20_000);
  });

  test('ET-06 an aborted question rejects at once, and its late answer is dropped', async () => {
    const attacked = await attack();
    const controller = new AbortController();
    const reason = new Error('enough');
    const asked = attacked.peer.eth.getHeaders(
      { origin: 1, amount: 1 },
      { signal: controller.signal },
    );
    const requestId = await idOf(attacked);
    controller.abort(reason);
    await expect(asked).rejects.toBe(reason);
    await attacked.say('blockHeaders', { requestId, items: [Uint8Array.of(0xc0)] });
    await expect(
      attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }, { signal: controller.signal }),
    ).rejects.toBe(reason);
    expect(attacked.received).toEqual([]);
    expect(attacked.peer.eth.info()).not.toBe('handshake');
  });

  test('ET-06 questions leave nothing behind on a signal that outlives them', async () => {
    const attacked = await attack();
    const { signal } = new AbortController();
    for (let i = 0; i < 3; i++) {
      const asked = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }, { signal });
      const requestId = await idOf(attacked);
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);
      await attacked.say('blockHeaders', { requestId, items: [] });
      await asked;
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }
  });

  test('ET-06 a question can be aborted before the handshake is over', async () => {
    const attacked = await attack({ mute: true });
    const controller = new AbortController();
    const asked = attacked.peer.eth.getHeaders(
      { origin: 1, amount: 1 },
      { signal: controller.signal },
    );
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });

  test('ET-05 a clock that is set by an hour times nothing out', async () => {
    const attacked = await attack();
    const asked = attacked.peer.eth.getHeaders({ origin: 1, amount: 1 });
    const requestId = await idOf(attacked);
    for (const jump of [3_600_000, -7_200_000]) {
      attacked.clock.jump(jump);
      await attacked.clock.advance(1000);
    }
    await attacked.say('blockHeaders', { requestId, items: [] });
    expect(await asked).toEqual([]);
  });
});

test('ET-06 nothing stays behind when a peer ends', async () => {
  const chain = new MemoryChain(4);
  const attacked = await attack({ chain });
  const controller = new AbortController();
  const asked = codeFrom(
    attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }, { signal: controller.signal }),
  );
  await attacked.peer.disconnect('requested');
  expect(await asked).toBe('disconnected');
  expect(await codeFrom(attacked.peer.eth.getHeaders({ origin: 1, amount: 1 }))).toBe(
    'disconnected',
  );
  await attacked.clock.advance(5000);
  expect(attacked.clock.pending).toBe(0);
  expect(chain.listeners).toBe(0);
});
