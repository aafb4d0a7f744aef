import { fromHex, toHex } from '@devp2p/bytes';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { openPeer, protocol } from '@devp2p/peer';
import { streamPair } from '@devp2p/peer/pipe';
import { decode, encode } from '@devp2p/rlp';
import { expect, test } from 'vitest';
import { EthError, type EthPeer, eth, formatForkId, type Status, type Status69 } from '../src/index.ts';
import { localStatus } from '../src/wire/status.ts';
import { ethVersion } from '../src/wire/supported-versions.ts';
import { filled, MemoryChain } from './memory-chain.ts';
import { type Attack, attack, codeOf, connect } from './peers.ts';

const codeFrom = async (promise: Promise<unknown>): Promise<string | undefined> =>
  promise.then(
    () => undefined,
    (error) => codeOf(error),
  );

test.each([70, 69])('ET-03 two nodes of one chain complete the handshake on eth/%i', async (version) => {
  const chain = new MemoryChain(10);
  const syncing = new MemoryChain(3);
  const { left, right } = await connect({ chain, versions: [version] }, { chain: syncing });
  expect(await left.eth.status).toEqual(localStatus(syncing, syncing.range(), ethVersion(version)));
  expect(await right.eth.status).toEqual(localStatus(chain, chain.range(), ethVersion(version)));
  expect(left.eth.range).toEqual({ earliest: 0, latest: 2, latestHash: syncing.hashOf(2) });
  expect(right.eth.range?.latest).toBe(9);
  expect([left.eth.version, right.eth.version]).toEqual([version, version]);
});

test('ET-03 two nodes complete the handshake on eth/68, which has no ranges', async () => {
  const chain = new MemoryChain(10);
  const { left, right } = await connect({ chain, versions: [68] }, { chain, versions: [69, 68] });
  expect(await left.eth.status).toMatchObject({ version: 68, totalDifficulty: 17n });
  expect(await right.eth.status).toMatchObject({ latestHash: chain.hashOf(9) });
  expect(left.eth.range).toBeUndefined();
});

test('ET-01 the highest shared version runs', async () => {
  const chain = new MemoryChain(2);
  const { left } = await connect({ chain }, { chain, versions: [68, 69] });
  expect(left.eth.version).toBe(69);
  expect(() => eth({ chain, versions: [70, 71] })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});

test('ET-01 the default offer is eth/70 and eth/69, without eth/68', async () => {
  const chain = new MemoryChain(2);
  expect(eth({ chain }).versions.map(({ version }) => version)).toEqual([70, 69]);
  expect(eth({ chain, versions: undefined }).versions).toHaveLength(2);
  await expect(connect({ chain }, { chain, versions: [68] })).rejects.toMatchObject({
    reason: 'useless-peer',
  });
});

test('ET-03 our Status is sent without waiting for the remote', async () => {
  const { next, version, chain } = await attack({ mute: true });
  const first = await next();
  expect(first?.code).toBe(version.messages.status.code);
  expect(decode(version.messages.status.codec, first?.payload as Uint8Array)).toEqual(
    localStatus(chain, chain.range(), ethVersion(70)),
  );
});

const ours = new MemoryChain(64);
const status = localStatus(ours, ours.range(), ethVersion(70)) as Status69;
const table: [string, Status, string, string][] = [
  ['network', { ...status, networkId: 1n }, 'network-mismatch', 'useless-peer'],
  ['genesis', { ...status, genesisHash: filled(32, 9) }, 'genesis-mismatch', 'useless-peer'],
  ['fork id', { ...status, forkId: { hash: 1, next: 0n } }, 'fork-mismatch', 'useless-peer'],
  ['version', { ...status, version: 69 }, 'version-mismatch', 'breach-of-protocol'],
  ['range', { ...status, earliest: 9, latest: 8 }, 'invalid-range', 'breach-of-protocol'],
  ['head', { ...status, latestHash: filled(32, 0) }, 'invalid-range', 'breach-of-protocol'],
];

test.each(table)('ET-03 another %s ends the peer with its own code', async (_, remote, code, reason) => {
  const { peer, sendMessage, end } = await attack({ chain: ours, mute: true });
  const status = codeFrom(peer.eth.status);
  const headers = codeFrom(peer.eth.getHeaders({ origin: 0, amount: 1 }));
  await sendMessage('status', remote);
  expect(await end()).toEqual({ code, reason, direction: 'local' });
  expect(await status).toBe(code);
  expect(await headers).toBe(code);
});

test('ET-03 a mismatch has both values, in the message and as data', async () => {
  const failure = async (remote: Status) => {
    const { peer, sendMessage } = await attack({ chain: ours, mute: true });
    const failed = peer.eth.status.catch((error: unknown) => error as EthError);
    await sendMessage('status', remote);
    return (await failed) as EthError;
  };
  const network = await failure({ ...status, networkId: 5n });
  expect(network.message).toBe('the remote is on network 5, ours is 1337');
  expect(network.mismatch).toEqual({ of: 'network', ours: 1337n, theirs: 5n });
  const theirs = filled(32, 9);
  const genesis = await failure({ ...status, genesisHash: theirs });
  expect(genesis.message).toBe(
    `the remote has genesis block 0x${'09'.repeat(32)}, ours is 0x${toHex(ours.genesisHash)}`,
  );
  expect(genesis.mismatch).toEqual({ of: 'genesis', ours: ours.genesisHash, theirs });
  const fork = await failure({ ...status, forkId: { hash: 1, next: 7n } });
  const own = status.forkId;
  expect(fork.message).toBe(
    `the remote has fork id 00000001, next 7, ours is ${formatForkId(own)}: incompatible-or-stale`,
  );
  expect(fork.mismatch).toMatchObject({ of: 'fork', ours: own, theirs: { hash: 1, next: 7n } });
});

test('ET-03 a fork id that was compatible is refused once its fork has passed', async () => {
  const chain = new MemoryChain(64);
  const forks = { blocks: [], times: [1_700_000_000 + 12 * 63] };
  const { sendMessage, end } = await attack({ chain: Object.assign(chain, { forks }), mute: true });
  const before = { blocks: [], times: [] };
  const stale = localStatus(Object.assign(new MemoryChain(64), { forks: before }), chain.range(), ethVersion(70));
  await sendMessage('status', stale);
  expect((await end()).code).toBe('fork-mismatch');
});

const hostile: [string, (attack: Attack) => Promise<void>, string, string][] = [
  ['silence', async ({ clock }) => clock.advance(5000), 'status-timeout', 'read-timeout'],
  ['another message first', ({ send }) => send(0x03, fromHex('c601c401010180')), 'no-status', 'breach-of-protocol'],
  ['a malformed Status', ({ send }) => send(0x00, fromHex('c0')), 'malformed-message', 'breach-of-protocol'],
  [
    'a Status of eth/68',
    ({ send }) => send(0x00, fromHex(`f84e4405820100a0${'02'.repeat(32)}a0${'01'.repeat(32)}c684deadbeef01`)),
    'malformed-message',
    'breach-of-protocol',
  ],
  [
    'a Status of 11 MiB',
    ({ send }) => send(0x00, new Uint8Array(11 * 1024 * 1024)),
    'message-too-large',
    'breach-of-protocol',
  ],
  [
    'a second Status',
    async ({ sendMessage }) => {
      await sendMessage('status', status);
      await sendMessage('status', status);
    },
    'unexpected-message',
    'breach-of-protocol',
  ],
];

test.each(hostile)('ET-03 %s ends the peer', async (_, act, code, reason) => {
  const attacked = await attack({ chain: ours, mute: true });
  await act(attacked);
  expect(await attacked.end()).toEqual({ code, reason, direction: 'local' });
});

test('ET-03 a Status after 4.9 s is in time', async () => {
  const { clock, sendMessage, peer } = await attack({ chain: ours, mute: true });
  await clock.advance(4900);
  await sendMessage('status', status);
  await clock.advance(200);
  await expect(peer.eth.status).resolves.toEqual(status);
  expect(peer.eth.info()).not.toBe('handshake');
});

test('ET-03 a disconnect before Status is not a breach', async () => {
  const chain = new MemoryChain(2);
  const clock = createVirtualClock();
  const [a, b] = streamPair();
  const bare = protocol({ name: 'eth', version: 70, length: 18, run: async () => {} });
  const [peer] = await Promise.all([
    openPeer(a, { clock, protocols: [eth({ chain, clock })] }),
    openPeer(b, { clock, protocols: [bare] }),
  ]);
  const failed = codeFrom(peer.eth.status);
  await clock.advance(3000);
  expect(await failed).toBe('disconnected');
  expect((await peer.closed).direction).toBe('remote');
  expect(chain.listeners).toBe(0);
  expect(clock.pending).toBe(0);
});

test('ET-16 eth runs over any channel', async () => {
  const toEnd = new AbortController();
  const sent: { code: number; payload: Uint8Array }[] = [];
  const incoming = [{ code: 0, payload: encode(statusCodec(), status), wireSize: 0 }];
  const channel = {
    version: 70,
    congested: false,
    async send(code: number, payload: Uint8Array) {
      sent.push({ code, payload });
    },
    async *[Symbol.asyncIterator]() {
      for (let message = incoming.shift(); message !== undefined; message = incoming.shift()) yield message;
    },
  };
  const handle = { id: filled(64, 1), signal: toEnd.signal } as Parameters<ReturnType<typeof eth>['attach']>[1];
  const { api, run } = eth({ chain: ours }).attach(channel, handle);
  await run();
  const peer: EthPeer = api;
  expect(await peer.status).toEqual(status);
  expect(sent.map(({ code }) => code)).toEqual([0]);
  await expect(peer.getHeaders({ origin: 0, amount: 1 })).rejects.toThrow(EthError);
});

function statusCodec() {
  return ethVersion(70).messages.status.codec;
}
