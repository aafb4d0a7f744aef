import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { eth, ethVersion, type Messages } from '@devp2p/eth';
import { emptyBlocks, memoryChain } from '@devp2p/eth/memory';
import { type Channel, openPeer, type Protocol } from '@devp2p/peer';
import { streamPair } from '@devp2p/peer/pipe';
import { decode, encode } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { cheapCrypto as crypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import type { Dial } from '../../src/visit/dial.ts';
import { runSession } from '../../src/visit/session.ts';
import { VisitResult } from '../../src/visit/visit-result.ts';
import { requestedNetwork, type SimulatedChain, simulatedChain, simulatedStatus } from '../network/tcp-side.ts';

const id = new Uint8Array(64).fill(2);
const endpoint = { ip: '20.0.0.1', udp: 1, tcp: 1 };
const never = new AbortController().signal;

/** Runs a session with a peer that has one protocol, and returns its result. */
async function runWith(
  { clientId, isRequested, clock }: { clientId: string; isRequested: boolean; clock: VirtualClock },
  protocol: Protocol,
): Promise<VisitResult> {
  const result = new VisitResult(clock, { endpoint, trust: 'signed' });
  const context = {
    dial: (async (_target, { onConnected }) => {
      onConnected();
      const [ours, theirs] = streamPair();
      openPeer(theirs, { clientId, protocols: [protocol], clock }).catch(() => undefined);
      return ours;
    }) as Dial,
    clientId: 'crawler',
    crypto,
    clock,
    handshakeTimeout: 15_000,
    maxHeadAge: 60_000,
    isRequestedChain: () => isRequested,
  };
  const done = runSession({ id, host: '20.0.0.1', tcp: 1 }, result, context, never);
  await clock.advance(60_000);
  await done;
  return result;
}

/** Runs a session with a simulated eth peer, and returns its result. */
async function sessionWith(
  remote: (channel: Channel, chain: SimulatedChain) => Promise<void>,
  { version = 69, isRequested = true }: { version?: number; isRequested?: boolean } = {},
): Promise<VisitResult> {
  const clock = createVirtualClock();
  const chain = simulatedChain(requestedNetwork, Math.floor(clock.now() / 1000) - 10, crypto);
  const { length } = ethVersion(Math.max(68, version));
  const protocol: Protocol = {
    name: 'eth',
    versions: [{ version, length }],
    attach: (channel) => ({ api: undefined, run: () => remote(channel, chain) }),
  };
  return runWith({ clientId: 'Remote/v1', isRequested, clock }, protocol);
}

/** Encoded Status. The one of eth/66 and eth/67 has the codec of eth/68. */
function statusOf(version: number, chain: SimulatedChain): Uint8Array {
  const fields = { version, earliest: 3, forkId: { hash: 0x07c9462e, next: 5n } };
  return encode(ethVersion(Math.max(68, version)).messages.status.codec, simulatedStatus(chain, fields));
}

const { messages } = ethVersion(69);

/** Waits for the next message with a code. */
async function next(channel: Channel, { code }: { code: number }): Promise<Uint8Array> {
  for await (const message of channel) if (message.code === code) return message.payload;
  throw new Error('the crawler disconnected');
}

async function requestForHead(channel: Channel): Promise<Messages['getBlockHeaders']> {
  return decode(messages.getBlockHeaders.codec, await next(channel, messages.getBlockHeaders));
}

function headers(requestId: bigint, items: Uint8Array[]): Uint8Array {
  return encode(messages.blockHeaders.codec, { requestId, items });
}

/** Answers all requests. */
const honest =
  (version: number) =>
  async (channel: Channel, chain: SimulatedChain): Promise<void> => {
    channel.send(messages.status.code, statusOf(version, chain));
    const { requestId } = await requestForHead(channel);
    channel.send(messages.blockHeaders.code, headers(requestId, [chain.head]));
    for await (const _ of channel);
  };

describe('CR-02 the Status of the node is sent back', () => {
  test.each([66, 67, 68, 69, 70])('in eth/%d, for any chain', async (version) => {
    let mirrored: Uint8Array | undefined;
    let sent: Uint8Array | undefined;
    const { status, eth, hello, error } = await sessionWith(
      async (channel, chain) => {
        sent = statusOf(version, chain);
        channel.send(messages.status.code, sent);
        mirrored = (await next(channel, messages.status)).slice();
        const { requestId, query } = await requestForHead(channel);
        expect(query).toEqual({ origin: chain.headHash, amount: 1n, skip: 0n, reverse: false });
        channel.send(messages.blockHeaders.code, headers(requestId, [chain.head]));
        for await (const _ of channel);
      },
      { version },
    );
    expect(mirrored).toEqual(sent);
    expect({ status, error, client: hello?.clientId }).toEqual({
      status: 'synced',
      error: undefined,
      client: 'Remote/v1',
    });
    expect(eth).toMatchObject({
      version,
      networkId: requestedNetwork,
      latest: 1_000,
      forkId: { hash: 0x07c9462e, next: 5n },
      ...(version >= 69 && { earliest: 3 }),
    });
  });

  test('and no message is sent before it', async () => {
    const early: number[] = [];
    await sessionWith(async (channel) => {
      for await (const { code } of channel) early.push(code);
    });
    expect(early).toEqual([]);
  });

  test('also on another chain, which is not the requested one', async () => {
    const { status, eth } = await sessionWith(honest(69), { isRequested: false });
    expect(status).toBe('status');
    expect(eth?.headTime).toBeGreaterThan(0);
  });
});

test('CR-02 a node that supports only eth/68 exchanges Status and sends its header', async () => {
  const clock = createVirtualClock();
  const chain = memoryChain({ networkId: 17n, blocks: emptyBlocks(3), crypto });
  const protocol = eth({ chain, versions: [68], crypto, clock });
  const result = await runWith({ clientId: 'Old/v1.0.0', isRequested: true, clock }, protocol);
  const { status, error, disconnect } = result;
  expect({ status, error, disconnect }).toMatchObject({ status: 'chain', error: undefined });
  expect(result.eth).toMatchObject({ version: 68, networkId: 17n, latest: 2 });
  expect(result.hello?.capabilities).toEqual([{ name: 'eth', version: 68 }]);
});

test('CR-02 messages are accepted in any order, and requests are answered', async () => {
  let answer: Uint8Array | undefined;
  const { status } = await sessionWith(async (channel, chain) => {
    const query = { origin: 1n, amount: 1n, skip: 0n, reverse: false };
    channel.send(messages.transactions.code, Uint8Array.of(0xc0));
    channel.send(messages.blockHeaders.code, headers(9n, []));
    channel.send(messages.status.code, statusOf(69, chain));
    channel.send(messages.transactions.code, Uint8Array.of(0xff));
    channel.send(messages.getBlockHeaders.code, Uint8Array.of(0xff));
    const request = encode(messages.getBlockHeaders.codec, { requestId: 77n, query });
    channel.send(messages.getBlockHeaders.code, request);
    channel.send(messages.status.code, statusOf(69, chain));
    const { requestId } = await requestForHead(channel);
    channel.send(messages.blockHeaders.code, headers(requestId + 1n, []));
    answer = (await next(channel, messages.blockHeaders)).slice();
    channel.send(messages.blockHeaders.code, headers(requestId, [chain.head]));
    for await (const _ of channel);
  });
  expect(status).toBe('synced');
  expect(answer && decode(messages.blockHeaders.codec, answer)).toEqual({
    requestId: 77n,
    items: [],
  });
});

describe('CR-01 earlier results are kept when a later step fails:', () => {
  type Remote = (channel: Channel, chain: SimulatedChain) => Promise<void>;
  const withHeader =
    (answer: (chain: SimulatedChain) => Uint8Array[]): Remote =>
    async (channel, chain) => {
      channel.send(messages.status.code, statusOf(69, chain));
      const { requestId } = await requestForHead(channel);
      channel.send(messages.blockHeaders.code, headers(requestId, answer(chain)));
      for await (const _ of channel);
    };
  const silent: Remote = async (channel) => {
    for await (const _ of channel);
  };
  const cases: [string, Remote, string, string][] = [
    ['no Status', silent, 'hello', 'eth/no-status'],
    [
      'a malformed Status',
      async (channel) => {
        channel.send(messages.status.code, Uint8Array.of(0xc1, 0x00));
        await silent(channel, {} as SimulatedChain);
      },
      'hello',
      'eth/malformed-status',
    ],
    [
      'a Status and no header',
      async (channel, chain) => {
        channel.send(messages.status.code, statusOf(69, chain));
        await silent(channel, chain);
      },
      'chain',
      'eth/no-header',
    ],
    ['a response without headers', withHeader(() => []), 'chain', 'eth/no-header'],
    ['a malformed header', withHeader(() => [Uint8Array.of(0xc0)]), 'chain', 'eth/malformed-header'],
    [
      'the header of another block',
      withHeader(() => [simulatedChain(requestedNetwork, 7, crypto).head]),
      'chain',
      'eth/other-header',
    ],
  ];
  test.each(cases)('%s', async (_, remote, status, error) => {
    const result = await sessionWith(remote);
    expect(result).toMatchObject({ status, error });
    expect(result.hello?.clientId).toBe('Remote/v1');
    expect(result.eth !== undefined).toBe(status === 'chain');
  });

  test.each(['too-many-peers', 'useless-peer'] as const)('Disconnect, %s', async (reason) => {
    const result = await sessionWith(() => Promise.reject(Object.assign(new Error(), { reason })));
    expect(result).toMatchObject({
      status: 'hello',
      disconnect: reason,
      error: 'peer/disconnected',
    });
  });

  test('a head that is too old', async () => {
    const result = await sessionWith(async (channel, chain) => {
      const old = simulatedChain(requestedNetwork, 1_600_000_000, crypto);
      await honest(69)(channel, { ...chain, head: old.head, headHash: old.headHash });
    });
    expect(result).toMatchObject({ status: 'chain', error: undefined });
    expect(result.eth?.headTime).toBe(1_600_000_000);
  });
});
