import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { type Channel, type Message, openPeer, type Peer, protocol } from '@devp2p/peer';
import { randomBytes } from '@devp2p/random';
import { bytes, decode, encode, list, raw, struct, uint } from '@devp2p/rlp';
import { beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../../soak/daemon.ts';
import { dial } from '../../soak/guest.ts';
import { datadirWithChain, Honest, start } from './scene.ts';

/** Messages of 4 MB from each flooding peer. */
const { HOSTILE_MESSAGES = '5' } = process.env;
const rounds = Number(HOSTILE_MESSAGES);

/** Codes of eth. */
const codes = { transactions: 2, getHeaders: 3, headers: 4, getBodies: 5, bodies: 6 } as const;
/** Limit of an eth message, in bytes. */
const longest = 10 * 1024 * 1024;

const hashes = struct({ id: uint(64), hashes: list(bytes(32)) });
const items = struct({ id: uint(64), items: list(raw) });
const allHeaders = struct({
  id: uint(64),
  query: struct({ origin: uint(64), amount: uint(64), skip: uint(64), reverse: uint(8) }),
});

/** A peer that takes messages only on request. */
interface Rude {
  readonly peer: Peer;
  readonly channel: Channel;
  /** The next message with this code. */
  take(code: number): Promise<Message>;
}

async function arrive(): Promise<Rude> {
  const eth = protocol({
    name: 'eth',
    version: 69,
    length: 18,
    run: (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  });
  const peer = await openPeer(await dial(enode), { clientId: 'rude/1.0', protocols: [eth] });
  const messages = peer.eth[Symbol.asyncIterator]();
  const take = async (code: number): Promise<Message> => {
    for (;;) {
      const { done, value } = await messages.next();
      if (done) throw new Error('ended');
      if (value.code === code) return value;
    }
  };
  const { payload } = await take(0);
  await peer.eth.send(0, payload);
  return { peer, channel: peer.eth, take };
}

/** A Transactions message of `length` bytes that cannot be decoded. */
function transactions(length: number): Uint8Array {
  const codec = list(bytes());
  const full = Array.from({ length: Math.floor(length / 100_000) - 1 }, () => {
    const transaction = randomBytes(100_000 - 4);
    transaction[0] = 2;
    return transaction;
  });
  const rest = length - encode(codec, full).length;
  const last = new Uint8Array(rest - 4).fill(2);
  return encode(codec, [...full, last]);
}

let daemon: Daemon;
let enode: string;
let honest: Honest;
/** A request for block bodies, and the length of its response. */
let request: Uint8Array;
let responseLength: number;
beforeAll(async () => {
  daemon = start(await datadirWithChain(), '--nodiscover');
  enode = await daemon.enode;
  honest = await Honest.arrive(daemon);

  const { peer, channel, take } = await arrive();
  const query = { origin: 1, amount: 1_024, skip: 0, reverse: 0 };
  await channel.send(codes.getHeaders, encode(allHeaders, { id: 1, query }));
  const headers = decode(items, (await take(codes.headers)).payload).items;
  const all = headers.map((header) => crypto.keccak256(header));
  await channel.send(codes.getBodies, encode(hashes, { id: 2, hashes: all }));
  const bodies = decode(items, (await take(codes.bodies)).payload).items;
  const lengths = bodies.map(({ length }) => length);
  const block = lengths.indexOf(Math.max(...lengths));
  const again = all.map(() => all[block] ?? new Uint8Array());
  request = encode(hashes, { id: 3, hashes: again });
  await channel.send(codes.getBodies, request);
  responseLength = (await take(codes.bodies)).payload.length;
  expect(responseLength).toBeGreaterThan(1e6);
  await peer.disconnect('requested');
});

test('HX-14 a peer that writes messages of 4 MB and reads none before the last, and the daemon that responds, both finish', async () => {
  const { peer, channel, take } = await arrive();
  const message = transactions(4_000_000);
  for (let round = 0; round < rounds; round++) {
    await channel.send(codes.getBodies, request);
    await channel.send(codes.transactions, message);
  }
  for (let round = 0; round < rounds; round++) {
    expect((await take(codes.bodies)).payload).toHaveLength(responseLength);
  }
  await peer.disconnect('requested');
});

test('HX-14 peers that flood the daemon with messages of 4 MB while it floods them all finish, and others are served', async () => {
  const message = transactions(4_000_000);
  const flood = async (): Promise<void> => {
    const { peer, channel, take } = await arrive();
    const writing = (async () => {
      for (let round = 0; round < rounds; round++) {
        await channel.send(codes.transactions, message);
        await channel.send(codes.getBodies, request);
      }
    })();
    for (let round = 0; round < rounds; round++) await take(codes.bodies);
    await writing;
    await peer.disconnect('requested');
  };
  let over = false;
  const flooding = Promise.all([flood(), flood()]).finally(() => {
    over = true;
  });
  let served = 0;
  for (; !over; served++) {
    // Each peer has one message in transit, in pieces and whole, and earlier ones may not be collected yet.
    await honest.expectServed({ bytes: 96e6, descriptors: 2 });
  }
  await flooding;
  expect(served).toBeGreaterThan(0);
  await honest.expectServed({ bytes: 96e6 });
});

test('HX-14 a message of 10 MiB is accepted, and one of a byte more is a protocol breach', async () => {
  const { peer, channel, take } = await arrive();
  await channel.send(codes.transactions, transactions(longest));
  await channel.send(codes.getBodies, request);
  await take(codes.bodies);
  await channel.send(codes.transactions, transactions(longest + 1));
  expect(await peer.closed).toMatchObject({
    reason: 'breach-of-protocol',
    direction: 'remote',
  });
  await honest.expectServed({ bytes: 96e6 });
});
