import { describe, expect, test } from 'vitest';
import { fastCrypto } from '../src/fast.ts';
import { CryptoError, generatePrivateKey, nobleCrypto } from '../src/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses these values
const any = (value: unknown): any => value;

const hexKey = 'c0ffee00'.repeat(8);

function refusal(call: () => unknown): { code: string; message: string } {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(CryptoError);
    const { code, message } = error as CryptoError;
    expect(message).not.toContain('c0ffee');
    return { code, message };
  }
  throw new Error('not refused');
}

describe.each([
  ['nobleCrypto', nobleCrypto],
  ['fastCrypto', fastCrypto],
])('%s refuses arguments of a wrong type', (_, crypto) => {
  const { secp256k1: curve } = crypto;
  const key = new Uint8Array(32).fill(1);
  const publicKey = curve.publicKey(key);
  const hash = new Uint8Array(32);

  test.each<[string, () => unknown, string]>([
    ['a private key as hex', () => curve.publicKey(any(hexKey)), 'invalid-private-key'],
    ['a text of 32 characters', () => curve.publicKey(any(hexKey.slice(32))), 'invalid-private-key'],
    ['no private key', () => curve.publicKey(any(undefined)), 'invalid-private-key'],
    ['32 numbers', () => curve.sign(hash, any([...key])), 'invalid-private-key'],
    ['a private key as bigint', () => curve.ecdh(any(0xc0ffeen), publicKey), 'invalid-private-key'],
    ['a hash as text', () => curve.sign(any('x'.repeat(32)), key), 'invalid-hash'],
    ['a point as text', () => curve.compress(any('x'.repeat(64))), 'invalid-point'],
    ['a compressed point as text', () => curve.decompress(any('x'.repeat(33))), 'invalid-point'],
    ['no point', () => curve.ecdh(key, any(null)), 'invalid-point'],
    ['a signature as text', () => curve.recover(any('x'.repeat(65)), hash), 'invalid-signature'],
    ['no signature', () => curve.verify(any(undefined), hash, publicKey), 'invalid-signature'],
    ['text to be hashed', () => crypto.keccak256(any('abc')), 'invalid-option'],
    ['nothing to be hashed', () => crypto.keccak256(any(undefined)), 'invalid-option'],
    ['text for a sponge', () => crypto.createKeccak256().update(any('abc')), 'invalid-option'],
  ])('%s', (_, call, code) => {
    expect(refusal(call).code).toBe(code);
  });

  test('other types are not private keys', () => {
    for (const value of [undefined, null, hexKey, hexKey.slice(32), [...key], 5n]) {
      expect(curve.isPrivateKey(any(value))).toBe(false);
    }
  });

  test('a refused hash does not affect the next one', () => {
    const empty = crypto.keccak256(new Uint8Array());
    expect(() => crypto.keccak256(any('abc'))).toThrow(CryptoError);
    expect(crypto.keccak256(new Uint8Array())).toEqual(empty);
  });
});

test.each<[string, () => unknown, string, string]>([
  ['a seed for a source', () => generatePrivateKey(any(7)), 'invalid-option', 'random is 7, expected a function'],
  [
    'a source of text',
    () => generatePrivateKey(any(() => hexKey)),
    'bad-randomness',
    'result of random(32) is a string of 64 characters, expected a Uint8Array of 32 bytes',
  ],
])('%s', (_, call, code, message) => {
  expect(refusal(call)).toEqual({ code, message });
});

test('an error has its message in JSON', () => {
  const error = new CryptoError('closed', 'sponge is closed');
  const json = { name: 'CryptoError', code: 'closed', message: 'sponge is closed' };
  expect(JSON.parse(JSON.stringify(error))).toEqual(json);
});
