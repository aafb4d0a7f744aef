import { createVirtualClock } from '@devp2p/clock/virtual';
import { ConnManagerError } from '@devp2p/connmgr';
import { type Chain, eth } from '@devp2p/eth';
import { memoryChain } from '@devp2p/eth/memory';
import {
  type DisconnectReason,
  type Message,
  type MessageStream,
  openPeer,
  type Protocol,
  protocol,
} from '@devp2p/peer';
import { streamPair } from '@devp2p/peer/pipe';
import { describe, expect, test } from 'vitest';
import type { LogFields } from '../../src/logging/log.ts';
import { openNodePeer } from '../../src/network/open-peer.ts';
import { shortId } from '../../src/network/peer-id.ts';

const key = (byte: number): Uint8Array => new Uint8Array(64).fill(byte);
const ours = key(1);

/** A chain at its genesis block. */
function emptyChain({ networkId = 1n } = {}): Chain {
  return memoryChain({ networkId, genesisHash: new Uint8Array(32).fill(7) });
}

/** The local node, to which tests connect in memory. */
function setUpNode({ statics = [] as number[], chain = emptyChain(), others = [] as Protocol[] } = {}) {
  const clock = createVirtualClock();
  const lines: [string, LogFields][] = [];
  const log = (fields: LogFields, message: string) => void lines.push([message, fields]);
  const options = {
    protocols: [eth({ chain, clock }), ...others] as const,
    clientId: 'ours/1.0',
    flags: ([first = 0]: Uint8Array) => ({ static: statics.includes(first), trusted: false }),
    clock,
    log: { error: log, warn: log, info: log, debug: log, trace: log },
  };
  return {
    clock,
    lines,
    /** The remote's end of a connection, and the result of opening ours. */
    connect(byte: number, objection: () => DisconnectReason | undefined = () => undefined) {
      const [remote, local] = streamPair({ ids: [key(byte), ours] });
      const stop = new AbortController();
      const result = openNodePeer(local, { objection, signal: stop.signal }, options);
      result.catch(() => {});
      return { remote, stop, result };
    },
    /** Connects a remote that follows the protocol. */
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

describe('ND-01 the two checkpoints', () => {
  test.each([
    ['too-many-peers', 4],
    ['already-connected', 5],
    ['connected-to-self', 10],
  ] as const)('ND-01 after the transport handshake: %s, sent before Hello', async (reason, code) => {
    const node = setUpNode();
    const { remote, result } = node.connect(2, () => reason);
    expect(await everything(remote)).toMatchObject([disconnect(code)]);
    await expect(result).rejects.toMatchObject({ code: 'refused', reason });
    expect(node.lines).toMatchObject([['peer dropped', { reason: reason.replaceAll('-', ' ') }]]);
  });

  test('ND-01 after Hello: checked again, with the current state', async () => {
    const node = setUpNode();
    const objections = [undefined, 'already-connected'] as const;
    let asked = 0;
    const { remote, result } = node.connect(2, () => objections[asked++]);
    const theirs = openPeer(remote, {
      clock: node.clock,
      protocols: [eth({ chain: emptyChain(), clock: node.clock })],
    });
    const end = theirs.then(({ closed }) => closed).catch((error: unknown) => error);
    await node.clock.advance(3_000);
    await expect(result).rejects.toMatchObject({ reason: 'already-connected' });
    expect(asked).toBe(2);
    expect(await end).toMatchObject({ reason: 'already-connected', direction: 'remote' });
  });

  test('ND-01 no protocol in common: useless', async () => {
    const node = setUpNode();
    const { remote, result } = node.connect(2);
    const chat = protocol({ name: 'chat', version: 1, length: 1, run: async () => {} });
    const theirs = openPeer(remote, { clock: node.clock, protocols: [chat] });
    theirs.catch(() => {});
    await node.clock.advance(2_000);
    await expect(result).rejects.toMatchObject({ reason: 'useless-peer' });
    await expect(theirs).rejects.toMatchObject({ reason: 'useless-peer' });
  });

  test('ND-01 no Hello in time: dropped', async () => {
    const node = setUpNode();
    const { result } = node.connect(2);
    await node.clock.advance(10_000);
    await expect(result).rejects.toMatchObject({ code: 'handshake-timeout' });
    expect(node.lines).toMatchObject([['peer dropped', { reason: 'read timeout' }]]);
    expect(node.clock.pending).toBe(0);
  });
});

describe('ND-01 after the eth handshake', () => {
  test('ND-01 a peer exists after its Status, and reports how it ended', async () => {
    const node = setUpNode({ statics: [2] });
    const { theirs, ours: peer } = await node.join(2);
    expect(peer).toMatchObject({ client: '@devp2p/peer', inbound: true, isStatic: true });
    expect(await peer.eth.status).toMatchObject({ networkId: 1n });
    theirs.disconnect('requested');
    await node.clock.advance(2_000);
    expect(await peer.closed).toMatchObject({ reason: 'requested', direction: 'remote' });
    expect(node.lines).toMatchObject([
      ['peer added', { id: shortId(key(2)), client: '@devp2p/peer', eth: 70 }],
      ['peer dropped', { id: shortId(key(2)), reason: 'requested', direction: 'remote' }],
    ]);
  });

  test('ND-01 a peer of another network is refused, and the cause is logged', async () => {
    const node = setUpNode({ chain: emptyChain({ networkId: 2n }) });
    const { remote, result } = node.connect(2);
    const theirs = openPeer(remote, {
      clock: node.clock,
      protocols: [eth({ chain: emptyChain(), clock: node.clock })],
    });
    theirs.then(({ eth }) => eth.status).catch(() => {});
    await node.clock.advance(3_000);
    await expect(result).rejects.toThrow();
    expect(node.lines).toMatchObject([
      [
        'peer dropped',
        {
          reason: 'useless peer',
          direction: 'local',
          error: expect.stringContaining('the remote is on network 1, ours is 2'),
        },
      ],
    ]);
  });

  test('ND-14 an attempt whose signal aborts ends with the reason', async () => {
    const node = setUpNode();
    const { remote, stop, result } = node.connect(2);
    await node.clock.advance(0);
    stop.abort(new ConnManagerError('stopping', 'the program ends'));
    expect((await everything(remote)).at(-1)).toMatchObject(disconnect(8));
    await node.clock.advance(2_000);
    await expect(result).rejects.toMatchObject({ code: 'aborted' });
    expect(node.clock.pending).toBe(0);
  });
});

describe('a second protocol beside eth', () => {
  /** Sends back every message. */
  const echo = protocol({
    name: 'echo',
    version: 1,
    length: 1,
    run: async (channel) => {
      for await (const { code, payload } of channel) await channel.send(code, payload);
    },
  });
  /** Sends one message and keeps the response. */
  const sender = (received: Uint8Array[]): Protocol =>
    protocol({
      name: 'echo',
      version: 1,
      length: 1,
      run: async (channel) => {
        await channel.send(0, Uint8Array.of(1, 2, 3));
        for await (const { payload } of channel) received.push(payload);
      },
    });

  test('ND-01 runs with a peer that has both', async () => {
    const node = setUpNode({ others: [echo] });
    const { clock } = node;
    const { remote, result } = node.connect(5);
    const received: Uint8Array[] = [];
    const theirs = openPeer(remote, {
      clock,
      protocols: [eth({ chain: emptyChain(), clock }), sender(received)],
    });
    await clock.advance(0);
    expect((await result).connection.capabilities).toEqual([
      { name: 'echo', version: 1 },
      { name: 'eth', version: 70 },
    ]);
    expect(received).toEqual([Uint8Array.of(1, 2, 3)]);
    await (await theirs).disconnect('requested');
  });

  test('ND-01 is optional', async () => {
    const { ours } = await setUpNode({ others: [echo] }).join(5);
    expect(ours.connection.capabilities).toEqual([{ name: 'eth', version: 70 }]);
  });

  test('ND-01 is not enough without eth', async () => {
    const node = setUpNode({ others: [echo] });
    const { remote, result } = node.connect(5);
    const theirs = openPeer(remote, { clock: node.clock, protocols: [sender([])] });
    await node.clock.advance(3000);
    await expect(result).rejects.toMatchObject({ code: 'refused', reason: 'useless-peer' });
    expect(await (await theirs).closed).toMatchObject({ reason: 'useless-peer' });
  });
});
