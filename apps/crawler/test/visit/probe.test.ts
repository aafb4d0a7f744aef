import { virtualClock } from '@devp2p/clock/virtual';
import { eth, ethVersion, type Messages } from '@devp2p/eth';
import { emptyBlocks, memoryChain } from '@devp2p/eth/memory';
import { type Channel, openPeer, type Protocol } from '@devp2p/peer';
import { streamPair } from '@devp2p/peer/pipe';
import { decode, encode } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { cheapCrypto as crypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import { Findings } from '../../src/visit/findings.ts';
import { talk } from '../../src/visit/talk.ts';
import { ourNetwork, type SimulatedChain, simulatedChain } from '../network/tcp-side.ts';

const id = new Uint8Array(64).fill(2);

/** Runs what a remote says against a visit, and returns what the visit has found. */
async function visited(
  remote: (channel: Channel, chain: SimulatedChain) => Promise<void>,
  { version = 69, isOurs = true }: { version?: number; isOurs?: boolean } = {},
): Promise<Findings> {
  const clock = virtualClock();
  const chain = simulatedChain(ourNetwork, Math.floor(clock.now() / 1000) - 10, crypto);
  const { length } = ethVersion(Math.max(68, version));
  const eth: Protocol<'eth', undefined> = {
    name: 'eth',
    versions: [{ version, length }],
    attach: (channel) => ({ api: undefined, run: () => remote(channel, chain) }),
  };
  const findings = new Findings(clock);
  const done = talk({ id, host: '20.0.0.1', tcp: 1 }, findings, {
    dial: async (_node, { onConnected }) => {
      onConnected();
      const [ours, theirs] = streamPair();
      openPeer(theirs, { clientId: 'Remote/v1', protocols: [eth], clock }).catch(() => undefined);
      return ours;
    },
    ...{ clientId: 'visitor', crypto, clock, handshakeTimeout: 15_000, maxHeadAge: 60_000 },
    ...{ isOurs: () => isOurs, signal: new AbortController().signal },
  });
  await clock.advance(60_000);
  await done;
  return findings;
}

function statusOf(version: number, { networkId, genesis, headHash }: SimulatedChain): Uint8Array {
  const known = Math.max(68, version);
  const status = {
    ...{ version, networkId, genesisHash: genesis, latestHash: headHash },
    forkId: { hash: 0x07c9462e, next: 5n },
    ...(known < 69 ? { totalDifficulty: 17n } : { earliest: 3, latest: 1_000 }),
  } as Messages['status'];
  return encode(ethVersion(known).messages.status.codec, status);
}

const { messages } = ethVersion(69);

/** Waits for the next message with a code. */
async function next(channel: Channel, { code }: { code: number }): Promise<Uint8Array> {
  for await (const message of channel) if (message.code === code) return message.payload;
  throw new Error('the visitor is gone');
}

async function askedForHead(channel: Channel): Promise<Messages['getBlockHeaders']> {
  return decode(messages.getBlockHeaders.codec, await next(channel, messages.getBlockHeaders));
}

function headers(requestId: bigint, items: Uint8Array[]): Uint8Array {
  return encode(messages.blockHeaders.codec, { requestId, items });
}

/** Does all that is asked of it. */
const honest =
  (version: number) =>
  async (channel: Channel, chain: SimulatedChain): Promise<void> => {
    channel.send(messages.status.code, statusOf(version, chain));
    const { requestId } = await askedForHead(channel);
    channel.send(messages.blockHeaders.code, headers(requestId, [chain.head]));
    for await (const _ of channel);
  };

describe('CR-02 the Status is awaited and given back', () => {
  test.each([66, 67, 68, 69, 70])('in eth/%d, whatever the chain', async (version) => {
    let mirrored: Uint8Array | undefined;
    let sent: Uint8Array | undefined;
    const { status, eth, hello, error } = await visited(
      async (channel, chain) => {
        sent = statusOf(version, chain);
        channel.send(messages.status.code, sent);
        mirrored = (await next(channel, messages.status)).slice();
        const { requestId, query } = await askedForHead(channel);
        expect(query).toEqual({ origin: chain.headHash, amount: 1n, skip: 0n, reverse: false });
        channel.send(messages.blockHeaders.code, headers(requestId, [chain.head]));
        for await (const _ of channel);
      },
      { version },
    );
    expect(mirrored).toEqual(sent);
    expect({ status, error, client: hello?.clientId }).toEqual({
      ...{ status: 'synced', error: undefined, client: 'Remote/v1' },
    });
    expect(eth).toMatchObject({
      ...{ version, networkId: ourNetwork, latest: 1_000 },
      forkId: { hash: 0x07c9462e, next: 5n },
      ...(version >= 69 && { earliest: 3 }),
    });
  });

  test('and nothing is said before', async () => {
    const early: number[] = [];
    await visited(async (channel) => {
      for await (const { code } of channel) early.push(code);
    });
    expect(early).toEqual([]);
  });

  test('on another chain as well, which is then not ours', async () => {
    const { status, eth } = await visited(honest(69), { isOurs: false });
    expect(status).toBe('status');
    expect(eth?.headTime).toBeGreaterThan(0);
  });
});

test('CR-02 a node that speaks eth/68 alone is visited to the end of Status and beyond', async () => {
  const clock = virtualClock();
  const chain = memoryChain({ networkId: 17n, blocks: emptyBlocks(3), crypto });
  const findings = new Findings(clock);
  const done = talk({ id, host: '20.0.0.1', tcp: 1 }, findings, {
    dial: async (_node, { onConnected }) => {
      onConnected();
      const [ours, theirs] = streamPair();
      const protocols = [eth({ chain, versions: [68], crypto, clock })] as const;
      openPeer(theirs, { clientId: 'Old/v1.0.0', protocols, clock }).catch(() => undefined);
      return ours;
    },
    ...{ clientId: 'visitor', crypto, clock, handshakeTimeout: 15_000, maxHeadAge: 60_000 },
    ...{ isOurs: () => true, signal: new AbortController().signal },
  });
  await clock.advance(60_000);
  await done;
  const { status, error, disconnect } = findings;
  expect({ status, error, disconnect }).toMatchObject({ status: 'chain', error: undefined });
  expect(findings.eth).toMatchObject({ version: 68, networkId: 17n, latest: 2 });
  expect(findings.hello?.capabilities).toEqual([{ name: 'eth', version: 68 }]);
});

test('CR-02 any order of messages is tolerated, questions are answered', async () => {
  let answer: Uint8Array | undefined;
  const { status } = await visited(async (channel, chain) => {
    const query = { origin: 1n, amount: 1n, skip: 0n, reverse: false };
    channel.send(messages.transactions.code, Uint8Array.of(0xc0));
    channel.send(messages.blockHeaders.code, headers(9n, []));
    channel.send(messages.status.code, statusOf(69, chain));
    channel.send(messages.transactions.code, Uint8Array.of(0xff));
    channel.send(messages.getBlockHeaders.code, Uint8Array.of(0xff));
    const question = encode(messages.getBlockHeaders.codec, { requestId: 77n, query });
    channel.send(messages.getBlockHeaders.code, question);
    channel.send(messages.status.code, statusOf(69, chain));
    const { requestId } = await askedForHead(channel);
    channel.send(messages.blockHeaders.code, headers(requestId + 1n, []));
    answer = (await next(channel, messages.blockHeaders)).slice();
    channel.send(messages.blockHeaders.code, headers(requestId, [chain.head]));
    for await (const _ of channel);
  });
  expect(status).toBe('synced');
  expect(answer && decode(messages.blockHeaders.codec, answer)).toEqual({
    ...{ requestId: 77n, items: [] },
  });
});

describe('CR-01 what was found stays when a later step fails:', () => {
  type Remote = (channel: Channel, chain: SimulatedChain) => Promise<void>;
  const withHeader =
    (answer: (chain: SimulatedChain) => Uint8Array[]): Remote =>
    async (channel, chain) => {
      channel.send(messages.status.code, statusOf(69, chain));
      const { requestId } = await askedForHead(channel);
      channel.send(messages.blockHeaders.code, headers(requestId, answer(chain)));
      for await (const _ of channel);
    };
  const silent: Remote = async (channel) => {
    for await (const _ of channel);
  };
  const cases: [string, Remote, string, string][] = [
    ['no Status', silent, 'hello', 'eth/no-status'],
    [
      'a Status that cannot be read',
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
    ['an empty answer', withHeader(() => []), 'chain', 'eth/no-header'],
    ['what is no header', withHeader(() => [Uint8Array.of(0xc0)]), 'chain', 'eth/malformed-header'],
    [
      'the header of another block',
      withHeader(() => [simulatedChain(ourNetwork, 7, crypto).head]),
      'chain',
      'eth/other-header',
    ],
  ];
  test.each(cases)('%s', async (_, remote, status, error) => {
    const findings = await visited(remote);
    expect(findings).toMatchObject({ status, error });
    expect(findings.hello?.clientId).toBe('Remote/v1');
    expect(findings.eth !== undefined).toBe(status === 'chain');
  });

  test.each(['too-many-peers', 'useless-peer'] as const)('Disconnect, %s', async (reason) => {
    const findings = await visited(() => Promise.reject(Object.assign(new Error(), { reason })));
    expect(findings).toMatchObject({
      ...{ status: 'hello', disconnect: reason, error: 'peer/disconnected' },
    });
  });

  test('a head that is older than it may be', async () => {
    const findings = await visited(async (channel, chain) => {
      const old = simulatedChain(ourNetwork, 1_600_000_000, crypto);
      await honest(69)(channel, { ...chain, head: old.head, headHash: old.headHash });
    });
    expect(findings).toMatchObject({ status: 'chain', error: undefined });
    expect(findings.eth?.headTime).toBe(1_600_000_000);
  });
});
