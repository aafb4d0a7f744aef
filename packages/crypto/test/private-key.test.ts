import { describe, expect, test } from 'vitest';
import { generatePrivateKey, nobleCrypto } from '../src/index.ts';

const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141';
const order = (): Uint8Array => new Uint8Array(Buffer.from(ORDER, 'hex'));

describe('generatePrivateKey', () => {
  test('returns a different valid key each time', () => {
    const [a, b] = [generatePrivateKey(), generatePrivateKey()];
    expect(nobleCrypto.secp256k1.isPrivateKey(a)).toBe(true);
    expect(nobleCrypto.secp256k1.isPrivateKey(b)).toBe(true);
    expect(a).not.toEqual(b);
  });

  test('calls the source again after 0, n and above', () => {
    const draws = [new Uint8Array(32), order(), new Uint8Array(32).fill(0xff)];
    const key = generatePrivateKey(() => draws.shift() ?? new Uint8Array(32).fill(5));
    expect(key).toEqual(new Uint8Array(32).fill(5));
    expect(draws).toHaveLength(0);
  });

  test('throws for a source that returns no valid key', () => {
    expect(() => generatePrivateKey((length) => new Uint8Array(length))).toThrow(
      expect.objectContaining({ name: 'CryptoError', code: 'bad-randomness' }),
    );
    expect(() => generatePrivateKey(() => new Uint8Array(31).fill(1))).toThrow(
      expect.objectContaining({ name: 'CryptoError', code: 'bad-randomness' }),
    );
  });
});
