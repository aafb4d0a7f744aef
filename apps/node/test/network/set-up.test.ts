import { virtualClock } from '@devp2p/clock/virtual';
import { type Chain, eth } from '@devp2p/eth';
import { memoryChain } from '@devp2p/eth/memory';
import { type Message, type MessageStream, openPeer, protocol } from '@devp2p/peer';
import { streamPair } from '@devp2p/peer/pipe';
import { describe, expect, test } from 'vitest';
import type { LogFields } from '../../src/log.ts';
import { createPeerSet } from '../../src/network/peers.ts';
import { setUp } from '../../src/network/set-up.ts';

const key = (byte: number): Uint8Array => new Uint8Array(64).fill(byte);
const ours = key(1);

/** A chain at its genesis block. */
function emptyChain({ networkId = 1n } = {}): Chain {
  return memoryChain({ networkId, genesisHash: new Uint8Array(32).fill(7) });
}

/** Our side, to which anyone can connect in memory. */
function setUpNode({ maxPeers = 50, statics = [] as number[], chain = emptyChain() } = {}) {
  const clock = virtualClock();
  const isStatic = (id: Uint8Array): boolean => statics.includes(id[0] ?? 0);
  const peers = createPeerSet({ id: ours, maxPeers, isStatic });
  const lines: [string, LogFields][] = [];
  const log = (fields: LogFields, message: string) => void lines.push([message, fields]);
  const options = {
    peers,
    eth: eth({ chain, clock }),
    clientId: 'ours/1.0',
    isStatic,
    clock,
    log: { error: log, warn: log, info: log, debug: log, trace: log },
  };
  return {
    clock,
    peers,
    lines,
    /** The remote's end of a connection, and what we make of ours. */
    connect(byte: number) {
      const [remote, local] = streamPair({ ids: [key(byte), ours] });
      const stop = new AbortController();
      return { remote, stop, result: setUp(local, stop.signal, options) };
    },
    /** A remote that does everything right. */
    async join(byte: number) {
      const { remote, stop, result } = this.connect(byte);
      const theirs = openPeer(remote, { clock, protocols: [eth({ chain: emptyChain(), clock })] });
      await clock.advance(0);
      return { stop, ours: await result, theirs: await theirs };
    },
  };
}

async function everything(stream: MessageStream): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const message = await stream.read();
    if (message === undefined) return messages;
    messages.push(message);
  }
}

const disconnect = (reason: number) => ({ code: 1, payload: Uint8Array.of(0xc1, reason) });

describe('ND-01 checkpoint behind the transport handshake', () => {
  test('ND-01 too many peers: told so before Hello', async () => {
    const node = setUpNode({ maxPeers: 1 });
    await node.join(2);
    const { remote, result } = node.connect(3);
    expect(await everything(remote)).toMatchObject([disconnect(4)]);
    expect(await result).toBeUndefined();
    expect(node.peers.list()).toHaveLength(1);
  });

  test('ND-01 static peers are let in beyond the limit and do not count', async () => {
    const node = setUpNode({ maxPeers: 1, statics: [3, 4] });
    expect((await node.join(3)).ours?.isStatic).toBe(true);
    expect((await node.join(2)).ours?.isStatic).toBe(false);
    expect((await node.join(4)).ours).toBeDefined();
    expect(node.peers.objection(key(5))).toBe('too-many-peers');
  });

  test('ND-01 already connected', async () => {
    const node = setUpNode();
    await node.join(2);
    expect(await everything(node.connect(2).remote)).toMatchObject([disconnect(5)]);
  });

  test('ND-01 ourselves', async () => {
    const node = setUpNode();
    expect(await everything(node.connect(1).remote)).toMatchObject([disconnect(10)]);
  });
});

describe('ND-01 checkpoint behind Hello', () => {
  test('ND-01 two connections of one node at once: one of them stays', async () => {
    const node = setUpNode();
    const connections = [node.connect(2), node.connect(2)];
    const theirs = connections.map(({ remote }) =>
      openPeer(remote, { clock: node.clock, protocols: [eth({ chain: emptyChain() })] }),
    );
    const ends = Promise.allSettled(theirs);
    await node.clock.advance(0);
    expect(node.peers.list()).toHaveLength(1);
    expect(await connections[1]?.result).toBeUndefined();
    const [first, second] = await ends;
    expect(first?.status).toBe('fulfilled');
    const end = second?.status === 'fulfilled' ? await second.value.closed : second?.reason;
    expect(end).toMatchObject({ reason: 'already-connected', direction: 'remote' });
  });

  test('ND-01 no protocol in common: useless, and the place is free', async () => {
    const node = setUpNode({ maxPeers: 1 });
    const { remote, result } = node.connect(2);
    const chat = protocol({ name: 'chat', version: 1, length: 1, run: async () => {} });
    const theirs = openPeer(remote, { clock: node.clock, protocols: [chat] });
    theirs.catch(() => {});
    await node.clock.advance(2_000);
    expect(await result).toBeUndefined();
    await expect(theirs).rejects.toMatchObject({ reason: 'useless-peer' });
    expect(node.peers.objection(key(3))).toBeUndefined();
  });

  test('ND-01 no Hello in time: dropped, and the place is free', async () => {
    const node = setUpNode({ maxPeers: 1 });
    const { result } = node.connect(2);
    await node.clock.advance(10_000);
    expect(await result).toBeUndefined();
    expect(node.lines).toMatchObject([['peer dropped', { reason: 'read timeout' }]]);
    expect(node.peers.objection(key(3))).toBeUndefined();
    expect(node.clock.pending).toBe(0);
  });
});

describe('ND-01 behind the eth handshake', () => {
  test('ND-01 a peer is shown after its status, and released when it goes', async () => {
    const node = setUpNode();
    const counts: number[] = [];
    node.peers.onChange(() => counts.push(node.peers.list().length));
    const { theirs, ours: peer } = await node.join(2);
    expect(peer).toMatchObject({ client: '@devp2p/peer', inbound: true, isStatic: false });
    expect(await peer?.eth.status).toMatchObject({ networkId: 1n });
    const gone = node.peers.gone(key(2));
    theirs.disconnect('requested');
    await node.clock.advance(2_000);
    await gone;
    expect(counts).toEqual([1, 0]);
    expect(await peer?.closed).toMatchObject({ reason: 'requested', direction: 'remote' });
    expect(node.lines).toMatchObject([
      ['peer added', { id: '0202020202020202', client: '@devp2p/peer', eth: 70 }],
      ['peer dropped', { id: '0202020202020202', reason: 'requested', direction: 'remote' }],
    ]);
  });

  test('ND-01 another network: never shown, the cause is logged', async () => {
    const node = setUpNode({ chain: emptyChain({ networkId: 2n }) });
    let shown = 0;
    node.peers.onChange(() => shown++);
    const { remote, result } = node.connect(2);
    const theirs = openPeer(remote, {
      clock: node.clock,
      protocols: [eth({ chain: emptyChain(), clock: node.clock })],
    });
    theirs.then(({ eth }) => eth.status).catch(() => {});
    await node.clock.advance(3_000);
    expect(await result).toBeUndefined();
    expect(shown).toBe(0);
    expect(node.lines).toMatchObject([
      [
        'peer dropped',
        {
          reason: 'useless peer',
          direction: 'local',
          error: expect.stringContaining('network 1, not 2'),
        },
      ],
    ]);
    expect(node.peers.objection(key(2))).toBeUndefined();
  });

  test('ND-14 a connection whose signal aborts is told the reason', async () => {
    const node = setUpNode();
    const { theirs, stop } = await node.join(2);
    stop.abort('quitting');
    await node.clock.advance(2_000);
    expect(await theirs.closed).toMatchObject({ reason: 'quitting', direction: 'remote' });
    expect(node.clock.pending).toBe(0);
  });
});
