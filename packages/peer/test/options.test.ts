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

/** What a program without types can pass. */
// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses what is tried here
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
  ['a name that is none', { ...definition, name: 5 }, 'name is 5, expected a string'],
  [
    'a version as text',
    { ...definition, version: '1' },
    'version is "1", expected an integer of at least 0',
  ],
  ['no codes', { ...definition, length: 0 }, 'length is 0, expected an integer from 1 to 65535'],
  [
    'a budget of nothing',
    { ...definition, receiveBudget: 0 },
    'receiveBudget is 0, expected a positive number',
  ],
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
    'protocols[0] is a function, expected a protocol, such as the function returns when it is called',
  ],
  ['a name for a protocol', { protocols: ['eth'] }, 'protocols[0] is "eth", expected an object'],
  [
    'a protocol that attaches nothing',
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
  [
    'a flag that is none',
    { protocols: [sound], flags: { trusted: 'yes' } },
    'trusted is "yes", expected true or false',
  ],
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

test('a switch refuses what is no option, and a reason that is none', async () => {
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

test('a peer refuses a reason that is none, and goes on', async () => {
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

test('a channel and a pipe refuse a payload that is not bytes, and nothing is sent', async () => {
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

test('a protocol that attaches without a run ends the opening by name', async () => {
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

test('what accept returns has to be a reason', async () => {
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

test('what refuses a remote says its cause', async () => {
  const [near, far] = streamPair();
  void far.write(0, Uint8Array.of(0xc1));
  await expect(openPeer(near, { protocols: [sound] })).rejects.toMatchObject({
    code: 'breach',
    message: expect.stringMatching(/^Hello cannot be read: ./),
  });
  const [other] = streamPair();
  const signal = AbortSignal.abort(new Error('no more peers'));
  await expect(openPeer(other, { protocols: [sound], signal })).rejects.toMatchObject({
    code: 'aborted',
    message: 'aborted before Hello came: no more peers',
  });
});
