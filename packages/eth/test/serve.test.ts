import { createHash } from 'node:crypto';
import { toHex } from '@devp2p/bytes';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { nobleCrypto } from '@devp2p/crypto';
import type { Message, PeerHandle } from '@devp2p/peer';
import { decode, encode, list, raw } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import {
  bodyCodec,
  consensusReceipts,
  decodeHeader,
  type EthPeer,
  eth,
  type Receipt,
  receiptList,
  transactionsOf,
} from '../src/index.ts';
import { formatOf } from '../src/wire/eth-version.ts';
import type { Messages } from '../src/wire/messages.ts';
import { localStatus } from '../src/wire/status.ts';
import { ethVersion } from '../src/wire/supported-versions.ts';
import { block, filled, type MemoryBlock, MemoryChain, noList, simpleReceipt } from './memory-chain.ts';
import { type Attack, attack, connect, exchange } from './peers.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

function read<Name extends keyof Messages>(version: number, name: Name, message: Message | undefined): Messages[Name] {
  const { code, codec } = formatOf(ethVersion(version), name);
  expect(message?.code).toBe(code);
  return decode(codec, message?.payload as Uint8Array);
}

async function nextResponse(attacked: Attack): Promise<{ requestId: bigint; items: Uint8Array[] }> {
  return read(70, 'blockHeaders', await attacked.next());
}

type Query = Messages['getBlockHeaders']['query'];
const query = (fields: Partial<Query>): Query => ({
  origin: 0n,
  amount: 1n,
  skip: 0n,
  reverse: false,
  ...fields,
});
const most = 2n ** 64n - 1n;

describe('headers', () => {
  const chain = new MemoryChain(1500);
  const serve = async (request: Query): Promise<number[]> => {
    const attacked = await attack({ chain });
    await attacked.sendMessage('getBlockHeaders', { requestId: 33n, query: request });
    const { requestId, items } = await nextResponse(attacked);
    expect(requestId).toBe(33n);
    return items.map((item) => decodeHeader(item, nobleCrypto).number);
  };
  const upwards = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

  test.each<[string, Query, number[]]>([
    ['none', query({ amount: 0n }), []],
    ['1024 of all that there are', query({ amount: most }), upwards(0, 1024)],
    ['up to the head', query({ origin: 1490n, amount: 192n }), upwards(1490, 10)],
    ['with a gap', query({ origin: 1n, amount: 4n, skip: 499n }), [1, 501, 1001]],
    ['backwards, to the genesis', query({ origin: 3n, amount: 9n, reverse: true }), [3, 2, 1, 0]],
    ['backwards with a gap', query({ origin: 7n, amount: 9n, skip: 2n, reverse: true }), [7, 4, 1]],
    ['by hash', query({ origin: chain.hashOf(5), amount: 2n }), [5, 6]],
    ['by hash backwards', query({ origin: chain.hashOf(2), amount: 5n, reverse: true }), [2, 1, 0]],
    ['by an unknown hash', query({ origin: filled(32, 5), amount: 2n }), []],
    ['beyond the head', query({ origin: 1500n, amount: 2n }), []],
    ['beyond all numbers', query({ origin: most, amount: 2n }), []],
    ['backwards from beyond all numbers', query({ origin: most, amount: 2n, reverse: true }), []],
    ['a skip that overflows', query({ origin: 5n, amount: 3n, skip: most }), [5]],
    ['a skip that overflows backwards', query({ origin: 5n, amount: 3n, skip: most, reverse: true }), [5]],
    ['a skip that overflows by hash', query({ origin: chain.hashOf(5), amount: 3n, skip: most }), [5]],
    ['a skip that overflows a double', query({ origin: 5n, amount: 3n, skip: 2n ** 53n - 2n }), [5]],
    ['a skip of all but one', query({ origin: 5n, amount: 3n, skip: most - 5n }), [5]],
  ])('ET-07 %s', async (_, request, expected) => {
    expect(await serve(request)).toEqual(expected);
  });

  test('ET-07 ten requests for missing headers do not disconnect', async () => {
    const attacked = await attack({ chain });
    for (let i = 0n; i < 10n; i++) {
      await attacked.sendMessage('getBlockHeaders', {
        requestId: i,
        query: query({ origin: most }),
      });
      expect(await nextResponse(attacked)).toEqual({ requestId: i, items: [] });
    }
    await attacked.sendMessage('getBlockHeaders', { requestId: 0n, query: query({}) });
    expect((await nextResponse(attacked)).items).toHaveLength(1);
  });

  test('ET-05 two requests with the same id, also 0, both get responses', async () => {
    const attacked = await attack({ chain });
    await Promise.all([
      attacked.sendMessage('getBlockHeaders', {
        requestId: 0n,
        query: query({ origin: 1n, amount: 2n }),
      }),
      attacked.sendMessage('getBlockHeaders', {
        requestId: 0n,
        query: query({ origin: 33n, amount: 3n }),
      }),
    ]);
    const responses = [await nextResponse(attacked), await nextResponse(attacked)];
    expect(responses.map(({ requestId, items }) => [requestId, items.length])).toEqual([
      [0n, 2],
      [0n, 3],
    ]);
  });

  test('ET-07 headers stop at 2 MiB', async () => {
    const heavy = new MemoryChain(64, { extraData: filled(96 * KiB, 1) });
    const attacked = await attack({ chain: heavy });
    await attacked.sendMessage('getBlockHeaders', { requestId: 1n, query: query({ amount: 64n }) });
    const { items } = await nextResponse(attacked);
    expect(items).toHaveLength(22);
  });
});

/** A body with one transaction of `length` bytes. */
const bodyOf = (size: number): Uint8Array =>
  encode(bodyCodec, { transactions: transactionsOf([filled(size, 2)]), uncles: noList });

function heavyBodies(length: number, size: number): MemoryChain {
  const chain = new MemoryChain(length);
  for (const each of chain.blocks) each.body = bodyOf(size);
  return chain;
}

describe('bodies', () => {
  const serve = async (chain: MemoryChain, hashes: Uint8Array[]): Promise<Uint8Array[]> => {
    const attacked = await attack({ chain });
    await attacked.sendMessage('getBlockBodies', { requestId: 7n, hashes });
    const { requestId, items } = read(70, 'blockBodies', await attacked.next());
    expect(requestId).toBe(7n);
    return items;
  };
  const all = (chain: MemoryChain): Uint8Array[] => chain.blocks.map(({ header }) => header.hash);

  test('ET-07 at most 1024, in the stored form', async () => {
    const chain = new MemoryChain(1500);
    const items = await serve(chain, all(chain));
    expect(items.map(toHex)).toEqual(chain.blocks.slice(0, 1024).map(({ body }) => toHex(body)));
  });

  test('ET-07 the response ends with the body that reaches 2 MiB', async () => {
    const chain = heavyBodies(64, 100 * KiB);
    expect(await serve(chain, all(chain))).toHaveLength(21);
    // One to check for missing blocks, then those that fit, 16 at most.
    expect(chain.calls).toEqual(['bodies 1', 'bodies 16', 'bodies 4']);
  });

  test('ET-07 short bodies do not cause reads of hundreds of long ones', async () => {
    const chain = new MemoryChain(5);
    (chain.blocks[4] as MemoryBlock).body = bodyOf(2 * MiB);
    const [long, ...short] = all(chain).reverse() as [Uint8Array, ...Uint8Array[]];
    expect(await serve(chain, [...short, ...new Array(256).fill(long)])).toHaveLength(5);
    expect(chain.calls).toEqual(['bodies 1', 'bodies 16']);
  });

  test('ET-07 the response ends before the body that would exceed 10 MiB', async () => {
    const chain = heavyBodies(4, 10);
    const [one, two] = chain.blocks as [MemoryBlock, MemoryBlock];
    one.body = bodyOf(1 * MiB);
    two.body = bodyOf(9 * MiB);
    expect(await serve(chain, all(chain))).toHaveLength(1);
    expect(await serve(chain, all(chain).slice(1))).toHaveLength(1);
    two.body = bodyOf(10 * MiB);
    expect(await serve(chain, all(chain).slice(1))).toHaveLength(0);
  });

  test('ET-07 the response ends at the first missing body', async () => {
    const chain = new MemoryChain(8);
    const hashes = [chain.hashOf(1), chain.hashOf(2), filled(32, 1), chain.hashOf(3)];
    expect(await serve(chain, hashes)).toHaveLength(2);
    expect(await serve(chain, [filled(32, 1)])).toEqual([]);
    expect(await serve(chain, [])).toEqual([]);
  });

  test('ET-07 a hash may be repeated', async () => {
    const chain = new MemoryChain(8);
    expect(await serve(chain, new Array(5).fill(chain.hashOf(1)))).toHaveLength(5);
  });
});

describe('pooled transactions', () => {
  const serve = async (count: number, known: (index: number) => Uint8Array | undefined) => {
    const looked: number[] = [];
    const served: number[] = [];
    const indexOf = (hash: Uint8Array): number => ((hash[0] as number) << 8) | (hash[1] as number);
    const transactions = exchange({
      async get(hashes) {
        looked.push(hashes.length);
        return hashes.map((hash) => known(indexOf(hash)));
      },
      served: (hashes) => {
        served.push(...hashes.map(indexOf));
      },
    });
    const attacked = await attack({ transactions });
    const hashes = Array.from({ length: count }, (_, i) => Uint8Array.of(i >> 8, i & 255, ...filled(30, 0)));
    await attacked.sendMessage('getPooledTransactions', { requestId: 9n, hashes });
    const { items } = read(70, 'pooledTransactions', await attacked.next());
    return { items, served, looked: looked.reduce((a, b) => a + b, 0) };
  };
  const legacy = Uint8Array.of(0xc9, ...filled(9, 0x80));
  const typed = filled(10, 2);

  test('ET-07 missing ones are left out, typed ones are strings', async () => {
    const { items, served } = await serve(6, (i) => [undefined, legacy, typed][i % 3]);
    expect(served).toEqual([1, 2, 4, 5]);
    expect(items.map(toHex)).toEqual([toHex(legacy), `8a${toHex(typed)}`, toHex(legacy), `8a${toHex(typed)}`]);
  });

  test('TP-28 at most 4096 are looked up', async () => {
    const { items, looked } = await serve(5000, (i) => (i === 4095 || i > 4200 ? typed : undefined));
    expect(items).toHaveLength(1);
    expect(looked).toBe(4096);
  });

  test('ET-07 the response ends with the transaction that reaches 2 MiB', async () => {
    const { items, served } = await serve(100, () => filled(128 * KiB, 2));
    expect(items).toHaveLength(16);
    expect(served).toHaveLength(16);
  });

  test('ET-07 without an exchange of transactions the response is empty', async () => {
    const attacked = await attack();
    await attacked.sendMessage('getPooledTransactions', { requestId: 9n, hashes: [filled(32, 1)] });
    expect(read(70, 'pooledTransactions', await attacked.next())).toEqual({
      requestId: 9n,
      items: [],
    });
  });
});

/** Hash for the comparison of megabytes, which the test runner compares slowly. */
const digest = (items: Iterable<Uint8Array>): string =>
  createHash('sha256')
    .update(Buffer.concat([...items]))
    .digest('hex');

const bigReceipt = (index: number, size: number): Receipt => ({
  ...simpleReceipt,
  type: index % 5,
  cumulativeGas: 16_000_000 * (index + 1),
  logs: [{ address: filled(20, index), topics: [filled(32, 1)], data: filled(size, index) }],
});

/** Block 2 has 12 MiB of receipts, 100 KiB each. */
function largeReceipts(): MemoryChain {
  const chain = new MemoryChain(2);
  const receipts = Array.from({ length: 120 }, (_, i) => bigReceipt(i, 100 * KiB));
  chain.blocks.push(block(chain.blocks.at(-1), receipts, { gasUsed: 16_000_000 * 120 }));
  chain.blocks.push(block(chain.blocks.at(-1), [simpleReceipt]));
  return chain;
}

describe('receipts', () => {
  const serve = async (chain: MemoryChain, version: number, hashes: Uint8Array[], first = 0) => {
    const attacked = await attack({ chain, version });
    await attacked.sendMessage('getReceipts', {
      requestId: 5n,
      hashes,
      firstBlockReceiptIndex: first,
    });
    const message = await attacked.next();
    return { ...read(version, 'receipts', message), size: message?.payload.length as number };
  };
  const all = (chain: MemoryChain): Uint8Array[] => chain.blocks.map(({ header }) => header.hash);

  test.each([69, 70])('ET-07 eth/%i: at most 1024 blocks, as they are stored', async (version) => {
    const chain = new MemoryChain(1500);
    const { items, lastBlockIncomplete } = await serve(chain, version, all(chain));
    expect(items.map(toHex)).toEqual(chain.blocks.slice(0, 1024).map(({ receipts }) => toHex(receipts)));
    expect(lastBlockIncomplete).toBe(false);
  });

  test('ET-09 eth/68: with blooms, typed ones as strings', async () => {
    const chain = new MemoryChain(2);
    const legacy = { ...simpleReceipt, type: 0 };
    chain.blocks.push(block(chain.blocks.at(-1), [legacy, { ...simpleReceipt, cumulativeGas: 42_000 }]));
    const { items } = await serve(chain, 68, [chain.hashOf(2)]);
    const wire = decode(list(raw), items[0] as Uint8Array);
    const stored = decode(receiptList, chain.blocks[2]?.receipts as Uint8Array);
    const consensus = consensusReceipts(stored, nobleCrypto).receipts;
    expect(wire[0]).toEqual(consensus[0]);
    expect(wire[1]?.subarray(3)).toEqual(consensus[1]);
  });

  test.each([68, 69, 70])('ET-07 eth/%i: the response ends at the first missing block', async (version) => {
    const chain = new MemoryChain(8);
    const hashes = [chain.hashOf(1), filled(32, 1), chain.hashOf(3)];
    const { items, lastBlockIncomplete } = await serve(chain, version, hashes);
    expect(items).toHaveLength(1);
    expect(lastBlockIncomplete).toBe(false);
  });

  test.each([68, 69, 70])('ET-07 eth/%i: the response ends with the block that reaches 2 MiB', async (version) => {
    const chain = new MemoryChain(1);
    for (let i = 0; i < 30; i++) {
      chain.blocks.push(block(chain.blocks.at(-1), [bigReceipt(0, 200 * KiB)]));
    }
    expect((await serve(chain, version, all(chain))).items).toHaveLength(12);
  });

  test.each([68, 69])('ET-07 eth/%i: the response ends before the block that exceeds 10 MiB', async (version) => {
    const chain = largeReceipts();
    expect((await serve(chain, version, all(chain))).items).toHaveLength(2);
    expect((await serve(chain, version, [chain.hashOf(2)])).items).toEqual([]);
  });

  test('ET-08 eth/70: receipts that exceed 10 MiB are divided, and the rest is served from an index on', async () => {
    const chain = largeReceipts();
    const whole = decode(receiptList, chain.blocks[2]?.receipts as Uint8Array);
    const first = await serve(chain, 70, all(chain));
    expect(first.lastBlockIncomplete).toBe(true);
    expect(first.items).toHaveLength(3);
    expect(first.size).toBeLessThanOrEqual(10 * MiB);
    expect(first.size).toBeGreaterThan(10 * MiB - 101 * KiB);
    const part = decode(receiptList, first.items[2] as Uint8Array);
    expect(digest(part)).toBe(digest([...whole].slice(0, part.length)));
    const rest = await serve(chain, 70, all(chain).slice(2), part.length);
    expect(rest.lastBlockIncomplete).toBe(false);
    const [missing, next] = rest.items.map((item) => decode(receiptList, item));
    expect(digest([...part, ...(missing ?? [])])).toBe(digest(whole));
    // The index applies to the first block only. Its rest is below 2 MiB, so another block follows.
    expect(next?.length).toBe(1);
  });

  test('ET-08 eth/70: an index at or after the end returns an empty list', async () => {
    const chain = new MemoryChain(3);
    for (const index of [1, 2, Number.MAX_SAFE_INTEGER]) {
      const { items, lastBlockIncomplete } = await serve(chain, 70, [chain.hashOf(1), chain.hashOf(2)], index);
      expect(items.map(toHex)).toEqual(['c0', toHex(chain.blocks[2]?.receipts as Uint8Array)]);
      expect(lastBlockIncomplete).toBe(false);
    }
  });

  test('ET-08 eth/70: a first receipt that does not fit is left out', async () => {
    const chain = new MemoryChain(2);
    chain.blocks.push(block(chain.blocks.at(-1), [bigReceipt(0, 11 * MiB)]));
    const { items, lastBlockIncomplete } = await serve(chain, 70, all(chain));
    expect(items).toHaveLength(2);
    expect(lastBlockIncomplete).toBe(false);
  });
});

describe('a peer with too many requests', () => {
  test('ET-07 is served in order where one read is enough', async () => {
    const chain = new MemoryChain(200);
    const attacked = await attack({ chain });
    const open = chain.close();
    for (let i = 0n; i < 1000n; i++) {
      await attacked.sendMessage('getBlockHeaders', {
        requestId: i,
        query: query({ origin: i % 200n }),
      });
    }
    expect(chain.calls).toHaveLength(1);
    open();
    await attacked.clock.advance(0);
    const ids = attacked.received.map((message) => read(70, 'blockHeaders', message).requestId);
    expect(ids).toEqual(Array.from({ length: 1000 }, (_, i) => BigInt(i)));
  });

  /** Our peer on a channel that yields a Status and then the same request 500 times. */
  const flooded = (chain: MemoryChain, hashes: number, send: (code: number) => Promise<void>) => {
    const { codec } = ethVersion(70).messages.getBlockBodies;
    const payload = encode(codec, {
      requestId: 1n,
      hashes: new Array(hashes).fill(filled(32, 1)),
    });
    const range = chain.range();
    const status = encode(ethVersion(70).messages.status.codec, localStatus(chain, range, ethVersion(70)));
    const state = { read: 0 };
    async function* messages() {
      yield { code: 0, payload: status, wireSize: 0 };
      for (; state.read < 500; state.read++) yield { code: 0x05, payload, wireSize: 0 };
    }
    const iterator = messages();
    const end = new AbortController();
    const handle = { id: filled(64, 1), signal: end.signal } as unknown as PeerHandle;
    const clock = createVirtualClock();
    const channel = {
      version: 70,
      congested: false,
      send,
      [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }),
    };
    const { run } = eth({ chain, clock }).attach(channel, handle);
    return { state, clock, end, running: run() };
  };

  test.each([
    ['128 requests', 1, 128],
    ['1 MiB of requests', 16_000, 2],
  ])('ET-07 is not read from while %s wait', async (_, hashes, waiting) => {
    const chain = new MemoryChain(2);
    const open = chain.close();
    let answered = 0;
    const { state, clock, running } = flooded(chain, hashes, async (code) => {
      if (code === 0x06) answered++;
    });
    await clock.advance(0);
    // One is being served, the others wait; the last one read is not counted yet.
    expect(state.read + 1).toBe(1 + waiting);
    open();
    await running;
    await clock.advance(0);
    // The end of the peer drops waiting requests.
    expect(state.read).toBe(500);
    expect(answered).toBeGreaterThanOrEqual(500 - 1 - waiting);
  });

  test('ET-07 is not served while it does not read its responses', async () => {
    const chain = new MemoryChain(2);
    const { state, clock, end, running } = flooded(chain, 1, (code) =>
      code === 0 ? Promise.resolve() : new Promise(() => {}),
    );
    await clock.advance(0);
    expect(chain.calls).toEqual(['bodies 1']);
    expect(state.read + 1).toBe(1 + 128);
    // Once the peer starts to disconnect, its requests are read and dropped.
    end.abort();
    await running;
    expect(state.read).toBe(500);
    expect(chain.calls).toEqual(['bodies 1']);
  });

  test('ET-07 two nodes that request 80 MB from each other at once both get it', async () => {
    const chain = heavyBodies(21, 100 * KiB);
    const hashes = chain.blocks.map(({ header }) => header.hash);
    const { clock, left, right } = await connect({ chain }, { chain });
    const requestAll = (peer: EthPeer): Promise<number>[] =>
      Array.from({ length: 40 }, async () => (await peer.getBodies(hashes)).length);
    const responses = Promise.all([...requestAll(left.eth), ...requestAll(right.eth)]);
    await clock.advance(0);
    expect(await responses).toEqual(new Array(80).fill(21));
  });

  test('ET-07 a chain that fails ends the peer, with the cause only on our side', async () => {
    const chain = new MemoryChain(4);
    const attacked = await attack({ chain });
    chain.gate = Promise.reject(new Error('disk is gone'));
    chain.gate.catch(() => {});
    await attacked.sendMessage('getBlockBodies', { requestId: 1n, hashes: [chain.hashOf(1)] });
    const { reason, direction } = await attacked.end();
    expect({ reason, direction }).toEqual({ reason: 'subprotocol-error', direction: 'local' });
    expect(String(((await attacked.peer.closed).error as Error).cause)).toContain('disk is gone');
  });
});

test.each([
  ['NewBlockHashes', 0x01],
  ['NewBlock', 0x07],
  ['GetNodeData of eth/66', 0x0d],
  ['a code that no version has', 0x0b],
])('ET-02 %s ends the peer', async (_, code) => {
  const attacked = await attack();
  await attacked.send(code, Uint8Array.of(0xc0));
  expect(await attacked.end()).toEqual({
    code: 'unexpected-message',
    reason: 'breach-of-protocol',
    direction: 'local',
  });
});

test('ET-02 BlockRangeUpdate ends a peer of eth/68', async () => {
  const attacked = await attack({ version: 68 });
  // Code 0x11 is outside of eth/68's range, so the peer package refuses it. Checks the table instead.
  expect(attacked.version.messages.blockRangeUpdate).toBeUndefined();
  expect(attacked.version.length).toBe(17);
});

test.each([0x02, 0x03, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0a, 0x0f, 0x10, 0x11])(
  'ET-02 malformed message 0x%s ends the peer',
  async (code) => {
    for (const payload of ['', '80', 'c1', 'c3c0c0c0'].map((text) => Uint8Array.from(Buffer.from(text, 'hex')))) {
      const attacked = await attack();
      await attacked.send(code, payload);
      expect(await attacked.end()).toEqual({
        code: 'malformed-message',
        reason: 'breach-of-protocol',
        direction: 'local',
      });
    }
  },
);

test.each([
  [70, 0x04, 10 * MiB],
  [70, 0x10, 10 * MiB],
  [69, 0x06, 10 * MiB],
])('ET-02 eth/%i: message %i over %i bytes ends the peer', async (version, code, limit) => {
  for (const [length, cause] of [
    [limit, 'malformed-message'],
    [limit + 1, 'message-too-large'],
  ] as const) {
    const attacked = await attack({ version });
    await attacked.send(code, new Uint8Array(length));
    expect((await attacked.end()).code).toBe(cause);
  }
});
