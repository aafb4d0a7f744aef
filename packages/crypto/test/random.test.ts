import { describe, expect, test } from 'vitest';
import { generatePrivateKey, nobleCrypto, randomBytes } from '../src/index.ts';

const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
const order = (): Uint8Array => new Uint8Array(Buffer.from(ORDER, 'hex'));

describe('randomBytes', () => {
  test('gives as many bytes as asked for, beyond what the platform gives at once', () => {
    for (const length of [0, 1, 32, 65_536, 65_537, 200_000]) {
      const bytes = randomBytes(length);
      expect(bytes).toHaveLength(length);
      // The last 32 bytes are zero by chance once in 2^256.
      if (length >= 32) expect(bytes.subarray(-32).some((byte) => byte !== 0)).toBe(true);
    }
  });

  test('never the same twice', () => {
    expect(randomBytes(32)).not.toEqual(randomBytes(32));
  });
});

describe('generatePrivateKey', () => {
  test('gives valid keys, another each time', () => {
    const [a, b] = [generatePrivateKey(), generatePrivateKey()];
    expect(nobleCrypto.secp256k1.isPrivateKey(a)).toBe(true);
    expect(nobleCrypto.secp256k1.isPrivateKey(b)).toBe(true);
    expect(a).not.toEqual(b);
  });

  test('draws again for 0 and for n or more', () => {
    const draws = [new Uint8Array(32), order(), new Uint8Array(32).fill(0xff)];
    const key = generatePrivateKey(() => draws.shift() ?? new Uint8Array(32).fill(5));
    expect(key).toEqual(new Uint8Array(32).fill(5));
    expect(draws).toHaveLength(0);
  });

  test('gives up on a source that never gives a key', () => {
    expect(() => generatePrivateKey((length) => new Uint8Array(length))).toThrow(
      expect.objectContaining({ name: 'CryptoError', code: 'bad-randomness' }),
    );
    expect(() => generatePrivateKey(() => new Uint8Array(31).fill(1))).toThrow(
      expect.objectContaining({ name: 'CryptoError', code: 'bad-randomness' }),
    );
  });
});
