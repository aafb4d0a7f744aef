import { getEventListeners } from 'node:events';
import { toHex } from '@devp2p/bytes';
import { expect, test } from 'vitest';
import { type DisconnectReason, type OpenPeerOptions, openPeer, PeerError } from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';
import { hello, type Item, localKey, rawPair, remoteKey, rlp, sink, watch } from './raw.ts';

/** Messages that a remote gets and the result of the caller, when the remote first sends `first`. */
async function open(first: [code: number, payload: Uint8Array] | undefined, options: Partial<OpenPeerOptions> = {}) {
  const { stream, raw, clock } = rawPair();
  const outcome = watch(openPeer(stream, { protocols: [sink], clock, ...options }));
  if (first !== undefined) void raw.send(...first);
  await clock.advance(0);
  return { stream, raw, clock, outcome };
}

/** A Hello with an extra item that fills it up to `size` bytes. */
function helloOf(size: number): Uint8Array {
  const prefixes = 3 + 1; // that of the item, and one more digit in that of the list
  return hello({ extra: [new Uint8Array(size - hello().length - prefixes)] });
}

function disconnect(reason: number): string {
  return `1:${toHex(rlp([reason]))}`;
}

test('PE-01 Hello is sent at once, and the peer opens after the Hello of the remote', async () => {
  const { raw, clock, outcome } = await open(undefined, { clientId: 'us/1', listenPort: 30303 });
  expect(raw.seen).toEqual([`0:${toHex(rlp([5, 'us/1', [['test', 1]], 30303, localKey]))}`]);
  expect(outcome).toEqual({});
  void raw.send(0, hello({ extra: ['more', [7]] }));
  await clock.advance(0);
  expect(outcome.value).toMatchObject({
    inbound: false,
    hello: { version: 5, clientId: 'raw/1.0', listenPort: 0 },
    capabilities: [{ name: 'test', version: 1 }],
  });
  expect(outcome.value?.id).toEqual(remoteKey);
});

test.each<[string, number, Uint8Array]>([
  ['a Ping', 2, rlp([])],
  ['a message of a protocol', 16, rlp([1])],
  ['a code outside of every range', 99, rlp([])],
  ['a Hello of 2049 bytes', 0, helloOf(2049)],
  ['a Hello that is not a list', 0, rlp('hello')],
  ['a Hello cut short', 0, hello().subarray(0, -1)],
  ['a Hello with further bytes', 0, Uint8Array.of(...hello(), 0)],
  ['a Hello with a version that is not an integer', 0, hello({ version: Uint8Array.of(0, 5) })],
  ['a Hello with capabilities that are not lists', 0, hello({ caps: ['test', 1] })],
  ['an empty Hello', 0, new Uint8Array()],
])('PE-01, HX-12 %s as the first message is a breach', async (_, code, payload) => {
  const { raw, clock, outcome } = await open([code, payload]);
  expect(raw.seen[1]).toBe(disconnect(0x02));
  raw.stream.destroy();
  await clock.advance(0);
  expect(outcome.error).toBeInstanceOf(PeerError);
  expect(outcome.error).toMatchObject({
    code: 'breach',
    reason: 'breach-of-protocol',
    direction: 'local',
  });
  expect(clock.pending).toBe(0);
});

test('PE-01 a Hello of 2048 bytes is accepted', async () => {
  const payload = helloOf(2048);
  expect(payload.length).toBe(2048);
  const { outcome } = await open([0, payload]);
  expect(outcome.value?.hello.clientId).toBe('raw/1.0');
});

test.each<[string, Item, number, DisconnectReason, string]>([
  ["another node's key", new Uint8Array(64).fill(3), 0x09, 'unexpected-identity', 'refused'],
  ['our own key', localKey, 0x09, 'unexpected-identity', 'refused'],
  ['a key of zeros', new Uint8Array(64), 0x07, 'invalid-identity', 'breach'],
  ['a key of 63 bytes', remoteKey.subarray(1), 0x07, 'invalid-identity', 'breach'],
  ['a key of 65 bytes', new Uint8Array(65).fill(2), 0x07, 'invalid-identity', 'breach'],
  ['no key', '', 0x07, 'invalid-identity', 'breach'],
])('PE-02, HX-01 Hello with %s is refused and no peer is reported', async (_, id, number, reason, code) => {
  const accepted: unknown[] = [];
  const { raw, clock, outcome } = await open([0, hello({ id })], {
    accept: (theirs) => {
      accepted.push(theirs);
      return undefined;
    },
  });
  expect(raw.seen[1]).toBe(disconnect(number));
  raw.stream.destroy();
  await clock.advance(0);
  expect(outcome).not.toHaveProperty('value');
  expect(outcome.error).toMatchObject({ code, reason, direction: 'local' });
  expect(accepted).toEqual([]);
});

test('PE-02 a connection to self is refused first', async () => {
  const { stream, raw, clock } = rawPair({ ids: [localKey, localKey] });
  const outcome = watch(openPeer(stream, { protocols: [sink], clock }));
  await clock.advance(0);
  expect(raw.seen).toEqual([disconnect(0x0a)]);
  await clock.advance(2000);
  expect(outcome.error).toMatchObject({ code: 'refused', reason: 'connected-to-self' });
});

test('PE-03 a remote without a shared capability is a useless peer', async () => {
  const { raw, clock, outcome } = await open([
    0,
    hello({
      caps: [
        ['test', 2],
        ['eth', 68],
      ],
    }),
  ]);
  expect(raw.seen[1]).toBe(disconnect(0x03));
  await clock.advance(2000);
  expect(outcome.error).toMatchObject({
    code: 'refused',
    reason: 'useless-peer',
    direction: 'local',
  });
});

test('PE-03 accept is called last, with the Hello', async () => {
  const { raw, clock, outcome } = await open([0, hello()], {
    accept: ({ clientId }) => (clientId === 'raw/1.0' ? 'too-many-peers' : undefined),
  });
  expect(raw.seen[1]).toBe(disconnect(0x04));
  await clock.advance(2000);
  expect(outcome.error).toMatchObject({ code: 'refused', reason: 'too-many-peers' });
});

test('PE-03 an error of accept or attach ends the stream and is thrown', async () => {
  const failure = new Error('no database');
  const accept = await open([0, hello()], {
    accept: () => {
      throw failure;
    },
  });
  expect(accept.raw.seen[1]).toBe(disconnect(0x00));
  await accept.clock.advance(2000);
  expect(accept.outcome.error).toBe(failure);

  const attach = await open([0, hello()], {
    protocols: [
      {
        name: 'test',
        versions: [{ version: 1, length: 1 }],
        attach: () => {
          throw failure;
        },
      },
    ],
  });
  expect(attach.raw.seen[1]).toBe(disconnect(0x10));
  await attach.clock.advance(2000);
  expect(attach.outcome.error).toMatchObject({ code: 'protocol', cause: failure });
});

test.each<[number, DisconnectReason | undefined]>([
  [0x00, 'requested'],
  [0x04, 'too-many-peers'],
  [0x10, 'subprotocol-error'],
  [0x55, undefined],
])('PE-01, PE-04 Disconnect %i instead of Hello is reported as the remote’s', async (number, reason) => {
  for (const payload of [rlp([number]), rlp(number)]) {
    const { raw, clock, outcome } = await open([1, payload]);
    expect(outcome.error).toMatchObject({ code: 'disconnected', direction: 'remote' });
    expect((outcome.error as PeerError).reason).toBe(reason);
    expect(raw.end).toBe('clean');
    expect(raw.seen).toHaveLength(1);
    expect(clock.pending).toBe(0);
  }
});

test('PE-14 a close, a reset and silence before Hello have different codes', async () => {
  const closed = await open(undefined);
  closed.raw.stream.destroy();
  await closed.clock.advance(0);
  expect(closed.outcome.error).toMatchObject({
    code: 'ended',
    direction: 'remote',
    reason: undefined,
  });

  const broken = await open(undefined);
  const reset = new Error('ECONNRESET');
  broken.raw.stream.destroy(reset);
  await broken.clock.advance(0);
  expect(broken.outcome.error).toMatchObject({
    code: 'stream',
    direction: 'remote',
    reason: 'tcp-error',
    cause: { cause: reset },
  });

  const silent = await open(undefined);
  await silent.clock.advance(4999);
  expect(silent.raw.seen).toHaveLength(1);
  await silent.clock.advance(1);
  expect(silent.raw.seen[1]).toBe(disconnect(0x0b));
  await silent.clock.advance(1999);
  expect(silent.outcome).toEqual({});
  await silent.clock.advance(1);
  expect(silent.outcome.error).toMatchObject({ code: 'handshake-timeout', reason: 'read-timeout' });
  expect(silent.raw.end).toBe('clean');
  for (const { clock } of [closed, broken, silent]) expect(clock.pending).toBe(0);
});

test('PE-04 after a refusal the remote has 2 s to read it; its close ends the wait', async () => {
  const { stream, raw, clock, outcome } = await open([0, hello({ caps: [] })]);
  // Its messages are read and dropped meanwhile, so that our close does not become a reset.
  await raw.send(16, new Uint8Array(1000));
  await clock.advance(1000);
  expect(outcome).toEqual({});
  expect(raw.end).toBeUndefined();
  raw.stream.destroy();
  await clock.advance(0);
  expect(outcome.error).toMatchObject({ reason: 'useless-peer' });
  await stream.closed;
  expect(clock.pending).toBe(0);

  const other = await open([0, hello({ caps: [] })]);
  await other.raw.send(16, new Uint8Array(1000));
  await other.clock.advance(1000);
  await other.raw.send(1, rlp([0]));
  await other.clock.advance(0);
  expect(other.outcome.error).toMatchObject({ reason: 'useless-peer' });
  expect(other.clock.pending).toBe(0);
});

test('the signal ends the opening at once and leaves no listener', async () => {
  const before = new AbortController();
  before.abort(new Error('never mind'));
  const first = await open(undefined, { signal: before.signal });
  expect(first.outcome.error).toMatchObject({
    code: 'aborted',
    reason: 'requested',
    cause: before.signal.reason,
  });

  const during = new AbortController();
  const second = await open(undefined, { signal: during.signal });
  expect(second.outcome).toEqual({});
  during.abort();
  await second.clock.advance(0);
  expect(second.outcome.error).toMatchObject({ code: 'aborted', cause: during.signal.reason });
  expect(second.raw.seen[1]).toBe(disconnect(0x00));
  expect(second.raw.end).toBe('clean');

  const after = new AbortController();
  const third = await open([0, hello()], { signal: after.signal });
  expect(getEventListeners(after.signal, 'abort')).toEqual([]);
  after.abort();
  await third.clock.advance(0);
  expect(third.raw.end).toBeUndefined();
});

test.each([
  [4, 0],
  [5, 1],
  [6, 1],
])('PE-01 with version %i compression is turned on %i times, after both Hellos', async (version, times) => {
  const { stream, raw, clock } = rawPair();
  let turnedOn = 0;
  const counting = {
    ...stream,
    enableCompression: () => {
      expect(raw.seen).toHaveLength(1);
      turnedOn++;
    },
  };
  const outcome = watch(openPeer(counting, { protocols: [sink], clock }));
  await clock.advance(0);
  void raw.send(0, hello({ version }));
  await clock.advance(0);
  expect(outcome.value?.hello.version).toBe(version);
  expect(turnedOn).toBe(times);
});

test('PE-02 two ends of this package open the same peer, for either direction', async () => {
  const { clock } = rawPair();
  const [a, b] = streamPair();
  const [dialer, listener] = await Promise.all([
    openPeer(a, { protocols: [sink], clock, clientId: 'a' }),
    openPeer(b, { protocols: [sink], clock, clientId: 'b' }),
  ]);
  expect([dialer.inbound, dialer.hello.clientId]).toEqual([false, 'b']);
  expect([listener.inbound, listener.hello.clientId]).toEqual([true, 'a']);
  expect(dialer.id).toEqual(b.localId);
});
