import { expect, test } from 'vitest';
import {
  createNetworkSwitch,
  type MessageStream,
  type OpenPeerOptions,
  openPeer,
  type Protocol,
  protocol,
} from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';

/** Any value, as a program without types can pass it. */
// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses the arguments of these tests
const any = (value: unknown): any => value;

const definition = {
  name: 'test',
  version: 1,
  length: 2,
  run: async (channel: AsyncIterable<unknown>) => {
    for await (const _ of channel);
  },
};
const sound = protocol(definition);
const refusal = (message: string) => ({ name: 'PeerError', code: 'invalid-option', message });

test.each<[string, object, string]>([
  ['no run', { ...definition, run: undefined }, 'run is undefined, expected a function'],
  ['a number as name', { ...definition, name: 5 }, 'name is 5, expected a string'],
  ['a version as text', { ...definition, version: '1' }, 'version is "1", expected an integer of at least 0'],
  ['no codes', { ...definition, length: 0 }, 'length is 0, expected an integer from 1 to 65535'],
  ['a budget of 0', { ...definition, receiveBudget: 0 }, 'receiveBudget is 0, expected a positive number'],
  [
    'several versions',
    { ...definition, versions: [1] },
    'protocol has no option "versions" (did you mean "version"?), known options: name, version, length, receiveBudget, run',
  ],
])('a protocol with %s is refused', (_, wrong, message) => {
  expect(() => protocol(any(wrong))).toThrow(expect.objectContaining(refusal(message)));
});

const open = (options: unknown) => {
  const [stream, remote] = streamPair();
  return { stream, remote, opening: openPeer(stream, any(options)) };
};

test.each<[string, Partial<Record<keyof OpenPeerOptions, unknown>>, string]>([
  [
    'a function that makes a protocol',
    { protocols: [() => sound] },
    'protocols[0] is a function, expected a protocol, such as the result of this function',
  ],
  ['a name for a protocol', { protocols: ['eth'] }, 'protocols[0] is "eth", expected an object'],
  [
    'a protocol without attach',
    { protocols: [sound, { ...sound, name: 'b', attach: undefined }] },
    'protocols[1].attach is undefined, expected a function',
  ],
  [
    'versions as numbers',
    { protocols: [{ ...sound, versions: [1] }] },
    'protocols[0].versions[0] is 1, expected an object',
  ],
  [
    'no versions',
    { protocols: [{ ...sound, versions: [] }] },
    'protocols[0].versions is an array of 0, expected at least one version',
  ],
  ['a flag as text', { protocols: [sound], flags: { trusted: 'yes' } }, 'trusted is "yes", expected true or false'],
  [
    'a misspelt flag',
    { protocols: [sound], flags: { truste: true } },
    'flags has no option "truste" (did you mean "trusted"?), known options: trusted, static',
  ],
])('openPeer refuses %s, and the stream is gone', async (_, options, message) => {
  const { stream, remote, opening } = open(options);
  await expect(opening).rejects.toMatchObject(refusal(message));
  await stream.closed;
  for (;;) if ((await remote.read()) === undefined) break;
});

test.each<[string, unknown, string]>([
  ['no stream', undefined, 'stream is undefined'],
  ['a promise of one', Promise.resolve(streamPair()[0]), 'stream is an object'],
])('openPeer refuses %s', async (_, stream, message) => {
  const expected = 'a MessageStream, such as `await connect(…)` of @devp2p/rlpx/tcp returns';
  const error = refusal(`${message}, expected ${expected}`);
  const options = { protocols: [sound] };
  await expect(openPeer(any(stream), options)).rejects.toMatchObject(error);
  await expect(createNetworkSwitch().open(any(stream), options)).rejects.toMatchObject(error);
});

test('a switch refuses an unknown option and an unknown reason', async () => {
  const network = createNetworkSwitch();
  const [stream] = streamPair();
  await expect(network.open(stream, any(undefined))).rejects.toMatchObject({
    code: 'invalid-option',
  });
  await stream.closed;
  await expect(network.turnOff(any('bye'))).rejects.toMatchObject({ code: 'invalid-option' });
  expect(network.active).toBe(true);
});

async function pair(protocols: readonly Protocol[] = [sound]) {
  const [near, far] = streamPair();
  const [peer, other] = await Promise.all([
    openPeer(near, { protocols: any(protocols) }),
    openPeer(far, { protocols: [sound] }),
  ]);
  return { peer: any(peer), other };
}

test('a peer refuses an unknown reason and stays connected', async () => {
  const { peer, other } = await pair();
  const known = 'requested, tcp-error, breach-of-protocol, useless-peer,';
  for (const [reason, shown] of [
    ['foo', '"foo"'],
    [4, '4'],
    [undefined, 'undefined'],
  ]) {
    await expect(peer.disconnect(reason)).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining(`reason is ${shown}, expected a DisconnectReason: ${known}`),
    });
  }
  expect(() => peer.events({ message: true })).toThrow(/^events has no option "message" \(did you/);
  expect(() => peer.events({ limit: -1 })).toThrow(/^limit is -1, expected a number of at least 0/);
  expect(peer.signal.aborted).toBe(false);
  await peer.disconnect('quitting');
  expect(await other.closed).toMatchObject({ reason: 'quitting', direction: 'remote' });
});

test('a channel and a pipe refuse a payload that is not bytes, and send no message', async () => {
  const { peer, other } = await pair();
  for (const [payload, shown] of [
    ['hi', '"hi"'],
    [undefined, 'undefined'],
    [[1, 2], 'an array of 2'],
  ]) {
    const error = refusal(`payload is ${shown}, expected a Uint8Array`);
    void peer.test.send(0, payload);
    await expect(peer.test.send(0, payload)).rejects.toMatchObject(error);
    await expect(streamPair()[0].write(16, any(payload))).rejects.toMatchObject(error);
  }
  expect(other.stats.protocols.map(({ codes }) => codes.length)).toEqual([1, 0]);
  await peer.disconnect('requested');
});

test('a protocol without a run ends the opening, with its name in the error', async () => {
  for (const half of [undefined, { api: 1 }]) {
    const [near, far] = streamPair();
    const faulty = { ...sound, attach: () => half };
    const opening = openPeer(near, { protocols: [any(faulty)] });
    const other = openPeer(far, { protocols: [sound] });
    await expect(opening).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringMatching(/^test: the result of test\.attach/),
    });
    await (await other).closed;
  }
});

test('accept must return a reason or undefined', async () => {
  const [near, far] = streamPair();
  const opening = openPeer(near, { protocols: [sound], accept: any(() => false) });
  const other = openPeer(far, { protocols: [sound] });
  await expect(opening).rejects.toMatchObject({
    code: 'invalid-option',
    message: expect.stringMatching(/^the result of accept is false, expected a DisconnectReason/),
  });
  await (await other).closed;
});

test('the ids of a pipe are public keys', () => {
  const ids = [new Uint8Array(64), new Uint8Array(3)] as const;
  const message = 'ids[1] is a Uint8Array of 3 bytes, expected a Uint8Array of 64 bytes';
  expect(() => streamPair({ ids })).toThrow(expect.objectContaining(refusal(message)));
  const streams: [MessageStream, MessageStream] = streamPair();
  expect(streams).toHaveLength(2);
});

test('the error of a refused remote contains the cause', async () => {
  const [near, far] = streamPair();
  void far.write(0, Uint8Array.of(0xc1));
  await expect(openPeer(near, { protocols: [sound] })).rejects.toMatchObject({
    code: 'breach',
    message: expect.stringMatching(/^malformed Hello: ./),
  });
  const [other] = streamPair();
  const signal = AbortSignal.abort(new Error('no more peers'));
  await expect(openPeer(other, { protocols: [sound], signal })).rejects.toMatchObject({
    code: 'aborted',
    message: 'aborted before Hello was received: no more peers',
  });
});
