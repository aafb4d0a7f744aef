import { duplexPair } from 'node:stream';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { expect, test } from 'vitest';
import { accept, acceptHandshake, FrameDecoder, FrameEncoder, initiate, initiateHandshake } from '../src/index.ts';
import { connected, idB, keyA } from './transports.ts';

/** Any value, as a program without types can pass it. */
// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses the arguments of these tests
const any = (value: unknown): any => value;
const refusal = (message: string) => ({ name: 'RlpxError', code: 'invalid-option', message });
const options = { privateKey: keyA };
const duplex = 'a Duplex of node:stream, such as a connected socket';

test.each<[string, () => Promise<unknown>, string]>([
  ['no transport', () => accept(any(undefined), options), `duplex is undefined, expected ${duplex}`],
  ['a URL for a transport', () => initiate(any('enode://'), idB, options), `duplex is "enode://", expected ${duplex}`],
  [
    'an id as hex',
    () => initiate(duplexPair()[0], any('ab'), options),
    'remoteId is "ab", expected a Uint8Array of 64 bytes',
  ],
  [
    'a wire without methods',
    () => initiateHandshake(any({}), idB, any(options)),
    'wire is an object, expected an object with the methods peek, take, write',
  ],
  [
    'a handshake without a key, which the error does not show',
    () => acceptHandshake({ peek: any(() => {}), take: any(() => {}), write: () => {} }, any({ privateKey: 'secret' })),
    'options.privateKey is a string of 6 characters, expected a Uint8Array of 32 bytes',
  ],
])('%s is refused by name', async (_, call, message) => {
  await expect(call()).rejects.toMatchObject(refusal(message));
});

test('frames are refused without their secrets, which the error does not show', () => {
  for (const Codec of [FrameEncoder, FrameDecoder]) {
    expect(() => new Codec(crypto, any(undefined))).toThrow(/^secrets is undefined, expected an/);
    expect(() => new Codec(crypto, any({ aes: 'secret' }))).toThrow(
      /^secrets\.aes is a string of 6 characters, expected a Uint8Array of 32 bytes$/,
    );
  }
});

test.each([false, true])('a payload that is not bytes is refused without any effect (Snappy: %s)', async (snappy) => {
  const { a, b } = await connected();
  if (snappy) for (const stream of [a, b]) stream.enableCompression();
  for (const [payload, shown] of [
    ['hi', '"hi"'],
    [undefined, 'undefined'],
    [[1, 2], 'an array of 2'],
  ]) {
    await expect(a.write(16, any(payload))).rejects.toMatchObject(
      refusal(`payload is ${shown}, expected a Uint8Array`),
    );
  }
  const empty = new Uint8Array();
  await expect(a.write(any('1'), empty)).rejects.toMatchObject(
    refusal('code is "1", expected an integer from 0 to 4294967295'),
  );
  const signal = refusal('signal is 5000, expected an AbortSignal');
  await expect(a.write(16, empty, { signal: any(5000) })).rejects.toMatchObject(signal);
  await expect(a.read({ signal: any(5000) })).rejects.toMatchObject(signal);
  await a.write(17, Uint8Array.of(7));
  expect(await b.read()).toMatchObject({ code: 17, payload: Uint8Array.of(7) });
  a.destroy();
});
