import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Crypto, CryptoError, type CryptoErrorCode, nobleCrypto } from '../src/index.ts';
import eip8 from './vectors/eip-8.json' with { type: 'json' };
import enr from './vectors/enr.json' with { type: 'json' };
import keccakAnswers from './vectors/keccak-256.json' with { type: 'json' };
import rfc6979 from './vectors/rfc6979-secp256k1.json' with { type: 'json' };

const P = 2n ** 256n - 2n ** 32n - 977n;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Returns a view of a larger buffer, like data from packets. */
function bytes(hex: string): Uint8Array {
  const packet = Buffer.from(`ffffff${hex}ffff`, 'hex');
  return new Uint8Array(packet.buffer, packet.byteOffset + 3, hex.length / 2);
}

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const word = (value: bigint): Uint8Array => bytes(value.toString(16).padStart(64, '0'));
const number = (value: Uint8Array): bigint => BigInt(`0x${hex(value)}`);
const concat = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const sha256 = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());

function codeOf(action: () => unknown): CryptoErrorCode | 'nothing thrown' {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(CryptoError);
    return (error as CryptoError).code;
  }
  return 'nothing thrown';
}

const GENERATOR = bytes(
  '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798' +
    '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8',
);

const keyA = bytes(eip8.handshake.static_key_a);
const keyB = bytes(eip8.handshake.static_key_b);

/** Invalid public keys. */
const invalidPoints: readonly (readonly [string, Uint8Array])[] = [
  ['all zero', new Uint8Array(64)],
  ['all ones', new Uint8Array(64).fill(0xff)],
  ['one bit off the curve', flipped(GENERATOR, 511)],
  ['order 2 of a curve with another b', concat(word(P - 1n), word(0n))],
  ['order 3 of y² = x³ + 1', concat(word(0n), word(1n))],
  ['order 6 of y² = x³ + 1', concat(word(2n), word(3n))],
  ['on the quadratic twist: x is on no point', concat(word(5n), word(1n))],
  ['y of zero', concat(GENERATOR.subarray(0, 32), word(0n))],
  // x = 1 is on the curve, and x + p fits into 32 bytes.
  ['x of p or more', concat(word(P + 1n), yOf(1n))],
  ['x of p', concat(word(P), word(1n))],
  ['y of p or more', yOverflow()],
  ['negated y of p', concat(GENERATOR.subarray(0, 32), word(P))],
  ['empty', new Uint8Array(0)],
  ['63 bytes', GENERATOR.subarray(1)],
  ['65 bytes, with a prefix', concat(Uint8Array.of(4), GENERATOR)],
  ['33 bytes, compressed', concat(Uint8Array.of(2), GENERATOR.subarray(0, 32))],
];

function flipped(value: Uint8Array, bit: number): Uint8Array {
  const copy = value.slice();
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (0x80 >> (bit & 7));
  return copy;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let b = base % modulus, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus) {
    if (e & 1n) result = (result * b) % modulus;
  }
  return result;
}

/** Computes the y of a point without the tested code. */
function yOf(x: bigint): Uint8Array {
  const square = (x ** 3n + 7n) % P;
  const y = power(square, (P + 1n) / 4n, P);
  expect((y * y) % P).toBe(square);
  return word(y);
}

/** Returns a point with a y so small that y + p fits into 32 bytes: x³ = y² − 7 has a root for some small y. */
function yOverflow(): Uint8Array {
  for (let y = 1n; ; y++) {
    const cube = (((y * y - 7n) % P) + P) % P;
    // p = 7 mod 9, so the cube root of a cube c is c^((p + 2) / 9).
    const x = power(cube, (P + 2n) / 9n, P);
    if (x ** 3n % P === cube) return concat(word(x), word(y + P));
  }
}

const privateKey = fc.bigInt({ min: 1n, max: N - 1n }).map(word);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** Tests that every backend must pass. */
export function backendSuite(name: string, { secp256k1, keccak256, createKeccak256 }: Crypto): void {
  describe(`${name}: keccak-256`, () => {
    test.each(keccakAnswers.answers)('known answer $digest', (answer) => {
      const once = answer.hex === undefined ? Buffer.from(answer.text ?? '') : bytes(answer.hex);
      const data = Buffer.alloc(once.length * (answer.repeat ?? 1), once);
      expect(hex(keccak256(data))).toBe(answer.digest);

      const sponge = createKeccak256();
      expect(hex(sponge.update(data).digest())).toBe(answer.digest);
      sponge.close();
    });

    test('any chunking with digests in between gives the same digest as noble', () => {
      const step = fc.oneof(
        { weight: 8, arbitrary: fc.uint8Array({ maxLength: 300 }) },
        { weight: 1, arbitrary: fc.constant(new Uint8Array(40_000).fill(7)) },
        { weight: 4, arbitrary: fc.constant('peek' as const) },
      );
      fc.assert(
        fc.property(fc.array(step, { maxLength: 24 }), (steps) => {
          const sponge = createKeccak256();
          let absorbed: Uint8Array = new Uint8Array(0);
          for (const chunk of steps) {
            if (chunk === 'peek') {
              const expected = hex(nobleCrypto.keccak256(absorbed));
              expect(hex(sponge.digest())).toBe(expected);
              expect(hex(sponge.digest())).toBe(expected);
            } else {
              sponge.update(chunk);
              absorbed = concat(absorbed, chunk);
            }
          }
          expect(hex(sponge.digest())).toBe(hex(keccak256(absorbed)));
          expect(hex(keccak256(absorbed))).toBe(hex(nobleCrypto.keccak256(absorbed)));
          sponge.close();
        }),
        { numRuns: 60 },
      );
    });

    test('every length around one and two blocks, at every alignment of the first update', () => {
      const data = Uint8Array.from({ length: 300 }, (_, i) => i * 7);
      for (let length = 0; length <= 280; length++) {
        const expected = hex(nobleCrypto.keccak256(data.subarray(0, length)));
        const head = length % 17;
        const sponge = createKeccak256().update(data.subarray(0, Math.min(head, length)));
        sponge.update(data.subarray(Math.min(head, length), length));
        expect(hex(sponge.digest()), `${length} bytes`).toBe(expected);
        expect(hex(keccak256(data.subarray(0, length)))).toBe(expected);
        sponge.close();
      }
    });

    test('many sponges are independent while the memory grows', () => {
      const sponges = Array.from({ length: 600 }, () => createKeccak256());
      for (let round = 0; round < 2; round++) {
        sponges.forEach((sponge, i) => {
          sponge.update(new Uint8Array(i).fill(round + i));
        });
      }
      sponges.forEach((sponge, i) => {
        const all = concat(new Uint8Array(i).fill(i), new Uint8Array(i).fill(i + 1));
        expect(hex(sponge.digest())).toBe(hex(nobleCrypto.keccak256(all)));
        sponge.close();
      });
    });

    test('a closed sponge refuses calls, can be closed again, and does not affect others', () => {
      const sponge = createKeccak256().update(Uint8Array.of(1));
      sponge.close();
      sponge.close();
      const first = createKeccak256().update(Uint8Array.of(2));
      const second = createKeccak256().update(Uint8Array.of(3));
      sponge.close();
      expect(codeOf(() => sponge.update(Uint8Array.of(4)))).toBe('closed');
      expect(codeOf(() => sponge.digest())).toBe('closed');
      expect(hex(first.digest())).toBe(hex(keccak256(Uint8Array.of(2))));
      expect(hex(second.digest())).toBe(hex(keccak256(Uint8Array.of(3))));
      first.close();
      second.close();
    });

    test('a digest is not shared with the caller', () => {
      const sponge = createKeccak256();
      const digest = sponge.digest();
      const expected = hex(digest);
      digest.fill(0);
      expect(hex(sponge.digest())).toBe(expected);
      sponge.close();
      expect(keccak256(Buffer.from('abc')).constructor).toBe(Uint8Array);
      expect(keccak256(new Uint8Array()).buffer.byteLength).toBe(32);
    });
  });

  describe(`${name}: secp256k1`, () => {
    test('private keys are 32 bytes in 1 … n − 1', () => {
      for (const key of [word(1n), word(N - 1n), keyA]) {
        expect(secp256k1.isPrivateKey(key)).toBe(true);
      }
      const invalid = [word(0n), word(N), word(N + 1n), word(2n ** 256n - 1n)];
      for (const key of [...invalid, keyA.subarray(1), concat(keyA, Uint8Array.of(0))]) {
        expect(secp256k1.isPrivateKey(key)).toBe(false);
        expect(codeOf(() => secp256k1.publicKey(key))).toBe('invalid-private-key');
        expect(codeOf(() => secp256k1.sign(word(1n), key))).toBe('invalid-private-key');
        expect(codeOf(() => secp256k1.ecdh(key, GENERATOR))).toBe('invalid-private-key');
        expect(codeOf(() => secp256k1.ecdh(key, new Uint8Array(64)))).toBe('invalid-point');
      }
    });

    test('public keys of 1, n − 1 and of the ENR example', () => {
      expect(hex(secp256k1.publicKey(word(1n)))).toBe(hex(GENERATOR));
      const negated = secp256k1.publicKey(word(N - 1n));
      expect(hex(negated.subarray(0, 32))).toBe(hex(GENERATOR.subarray(0, 32)));
      expect(number(negated.subarray(32))).toBe(P - number(GENERATOR.subarray(32)));

      const publicKey = secp256k1.publicKey(bytes(enr.private_key));
      expect(hex(secp256k1.compress(publicKey))).toBe(enr.secp256k1);
      expect(hex(secp256k1.decompress(bytes(enr.secp256k1)))).toBe(hex(publicKey));
      expect(hex(keccak256(publicKey))).toBe(enr.node_id);
    });

    test('the signature of the ENR example', () => {
      // A list (f8, length) whose first item is the signature (b8 40, 64 bytes): the content that
      // is signed is the list of the rest, shorter than 56 bytes + a length byte of its own.
      const record = new Uint8Array(Buffer.from(enr.text.slice('enr:'.length), 'base64url'));
      const rest = record.subarray(2 + 2 + 64);
      const content = concat(Uint8Array.of(0xf8, rest.length), rest);
      const signature = secp256k1.sign(keccak256(content), bytes(enr.private_key));
      expect(hex(signature.subarray(0, 64))).toBe(enr.signature);
      const publicKey = secp256k1.decompress(bytes(enr.secp256k1));
      expect(secp256k1.verify(bytes(enr.signature), keccak256(content), publicKey)).toBe(true);
      expect(secp256k1.verify(bytes(enr.signature), keccak256(rest), publicKey)).toBe(false);
    });

    test("the signer of EIP-8's discovery packets", () => {
      const { private_key, ...packets } = eip8.discv4;
      for (const packet of Object.values(packets).map(bytes)) {
        const signed = keccak256(packet.subarray(32 + 65));
        expect(hex(keccak256(packet.subarray(32)))).toBe(hex(packet.subarray(0, 32)));
        expect(hex(secp256k1.recover(packet.subarray(32, 32 + 65), signed))).toBe(
          hex(secp256k1.publicKey(bytes(private_key))),
        );
      }
    });

    test('the secrets of the handshake of EIP-8 from its ephemeral keys', () => {
      const { ephemeral_key_a, ephemeral_key_b, nonce_a, nonce_b } = eip8.handshake;
      const [a, b] = [bytes(ephemeral_key_a), bytes(ephemeral_key_b)];
      const agreed = secp256k1.ecdh(a, secp256k1.publicKey(b));
      expect(hex(secp256k1.ecdh(b, secp256k1.publicKey(a)))).toBe(hex(agreed));

      const nonces = keccak256(concat(bytes(nonce_b), bytes(nonce_a)));
      const aes = keccak256(concat(agreed, keccak256(concat(agreed, nonces))));
      const secrets = eip8.handshake.secrets_for_auth2_ack2;
      expect(hex(aes)).toBe(secrets.aes);
      const mac = keccak256(concat(agreed, aes));
      expect(hex(mac)).toBe(secrets.mac);

      const ingress = createKeccak256();
      ingress.update(mac.map((byte, i) => byte ^ (bytes(nonce_b)[i] as number)));
      ingress.update(bytes(eip8.handshake.auth2_eip8_v4)).digest();
      const foo = ingress.update(Buffer.from('foo')).digest();
      expect(hex(foo)).toBe(secrets.ingress_mac_of_b_after_update_foo);
      ingress.close();
    });

    test.each(rfc6979.signatures)('RFC 6979: $message', ({ private_key, message, signature }) => {
      const made = secp256k1.sign(sha256(message), bytes(private_key));
      expect(hex(made.subarray(0, 64))).toBe(signature);
      expect(hex(secp256k1.recover(made, sha256(message)))).toBe(hex(secp256k1.publicKey(bytes(private_key))));
    });

    test('the same as noble for random keys and hashes', () => {
      const oracle = nobleCrypto.secp256k1;
      fc.assert(
        fc.property(privateKey, privateKey, hash, (a, b, digest) => {
          const [publicA, publicB] = [oracle.publicKey(a), oracle.publicKey(b)];
          expect(hex(secp256k1.publicKey(a))).toBe(hex(publicA));
          expect(hex(secp256k1.compress(publicA))).toBe(hex(oracle.compress(publicA)));
          expect(hex(secp256k1.decompress(oracle.compress(publicA)))).toBe(hex(publicA));
          expect(hex(secp256k1.ecdh(a, publicB))).toBe(hex(oracle.ecdh(b, publicA)));

          const signature = oracle.sign(digest, a);
          expect(hex(secp256k1.sign(digest, a))).toBe(hex(signature));
          expect(hex(secp256k1.recover(signature, digest))).toBe(hex(publicA));
          expect(secp256k1.verify(signature.subarray(0, 64), digest, publicA)).toBe(true);
          expect(secp256k1.verify(signature.subarray(0, 64), digest, publicB)).toBe(
            oracle.verify(signature.subarray(0, 64), digest, publicB),
          );
        }),
        { numRuns: 12 },
      );
    });

    test('the same as noble for random signatures', () => {
      const outcome = (backend: Crypto, signature: Uint8Array, digest: Uint8Array): string => {
        try {
          return hex(backend.secp256k1.recover(signature, digest));
        } catch (error) {
          return (error as CryptoError).code;
        }
      };
      const scalar = fc.oneof(
        fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
        fc.bigInt({ min: 0n, max: 3n }),
        fc.bigInt({ min: N - 3n, max: N + 3n }),
        fc.bigInt({ min: P - N - 3n, max: P - N + 3n }),
      );
      const publicKey = nobleCrypto.secp256k1.publicKey(keyA);
      fc.assert(
        fc.property(scalar, scalar, fc.nat(5), hash, (r, s, id, digest) => {
          const signature = concat(word(r), word(s), Uint8Array.of(id));
          const expected = outcome(nobleCrypto, signature, digest);
          expect(outcome({ secp256k1, keccak256, createKeccak256 }, signature, digest)).toBe(expected);
          expect(secp256k1.verify(signature.subarray(0, 64), digest, publicKey)).toBe(false);
        }),
        { numRuns: 40 },
      );
    });

    test('hashes of zero, n and above are signed and recovered in the same way', () => {
      const publicKey = nobleCrypto.secp256k1.publicKey(keyA);
      for (const digest of [0n, 1n, N - 1n, N, N + 1n, 2n ** 256n - 1n].map(word)) {
        const signature = secp256k1.sign(digest, keyA);
        expect(hex(signature)).toBe(hex(nobleCrypto.secp256k1.sign(digest, keyA)));
        expect(hex(secp256k1.recover(signature, digest))).toBe(hex(publicKey));
        expect(secp256k1.verify(signature.subarray(0, 64), digest, publicKey)).toBe(true);
      }
    });

    test('a high s is refused by verify and accepted by recover', () => {
      const publicKey = secp256k1.publicKey(keyA);
      const digest = keccak256(keyB);
      const low = secp256k1.sign(digest, keyA);
      expect(number(low.subarray(32, 64))).toBeLessThanOrEqual(N / 2n);

      const high = concat(
        low.subarray(0, 32),
        word(N - number(low.subarray(32, 64))),
        Uint8Array.of((low[64] as number) ^ 1),
      );
      expect(secp256k1.verify(low.subarray(0, 64), digest, publicKey)).toBe(true);
      expect(secp256k1.verify(high.subarray(0, 64), digest, publicKey)).toBe(false);
      expect(hex(secp256k1.recover(high, digest))).toBe(hex(publicKey));
    });

    test('r and s outside 1 … n − 1 are invalid', () => {
      const publicKey = secp256k1.publicKey(keyA);
      const digest = keccak256(keyB);
      const good = secp256k1.sign(digest, keyA);
      const [r, s] = [number(good.subarray(0, 32)), number(good.subarray(32, 64))];
      for (const [badR, badS] of [
        [0n, s],
        [r, 0n],
        [0n, 0n],
        [N, s],
        [r, N],
        [2n ** 256n - 1n, s],
        [r, 2n ** 256n - 1n],
      ] as const) {
        const signature = concat(word(badR), word(badS));
        expect(secp256k1.verify(signature, digest, publicKey)).toBe(false);
        for (let id = 0; id <= 3; id++) {
          const recoverable = concat(signature, Uint8Array.of(id));
          expect(codeOf(() => secp256k1.recover(recoverable, digest))).toBe('invalid-signature');
        }
      }
    });

    test('recovery ids above 3, and 2 or 3 if r + n is not a coordinate, are invalid', () => {
      const digest = keccak256(keyB);
      const signature = secp256k1.sign(digest, keyA);
      for (const id of [2, 3, 4, 27, 28, 255]) {
        signature[64] = id;
        expect(codeOf(() => secp256k1.recover(signature, digest))).toBe('invalid-signature');
      }
    });

    test('recovery ids 2 and 3: x of the nonce point is n or more', () => {
      // The smallest r for which r + n is the x of a point; s and hash are arbitrary.
      let r = 1n;
      while (power((r + N) ** 3n + 7n, (P - 1n) / 2n, P) !== 1n) r++;
      const digest = keccak256(keyA);
      for (const id of [2, 3]) {
        const signature = concat(word(r), word(5n), Uint8Array.of(id));
        const publicKey = secp256k1.recover(signature, digest);
        expect(hex(publicKey)).toBe(hex(nobleCrypto.secp256k1.recover(signature, digest)));
        expect(secp256k1.verify(signature.subarray(0, 64), digest, publicKey)).toBe(true);
      }
    });

    test('a signature whose public key would be the point at infinity', () => {
      // Q = (sR − hG) / r with R = G and s = h.
      const r = GENERATOR.subarray(0, 32);
      const digest = word(12_345n);
      const signature = concat(r, digest, Uint8Array.of((GENERATOR[63] as number) & 1));
      expect(codeOf(() => secp256k1.recover(signature, digest))).toBe('invalid-signature');
    });

    test.each(invalidPoints)('HX-10 an invalid public key is refused: %s', (_, point) => {
      const signature = secp256k1.sign(word(1n), keyA).subarray(0, 64);
      expect(codeOf(() => secp256k1.ecdh(keyA, point))).toBe('invalid-point');
      expect(codeOf(() => secp256k1.compress(point))).toBe('invalid-point');
      expect(codeOf(() => secp256k1.verify(signature, word(1n), point))).toBe('invalid-point');
    });

    test('HX-10 random points off the curve are refused', () => {
      fc.assert(
        fc.property(privateKey, fc.nat(511), (key, bit) => {
          const point = flipped(nobleCrypto.secp256k1.publicKey(key), bit);
          expect(codeOf(() => secp256k1.ecdh(keyA, point))).toBe('invalid-point');
        }),
        { numRuns: 20 },
      );
    });

    test('invalid compressed keys are refused', () => {
      const x = GENERATOR.subarray(0, 32);
      for (const compressed of [
        new Uint8Array(33),
        concat(Uint8Array.of(2), word(5n)), // x³ + 7 is no square
        concat(Uint8Array.of(2), word(P)),
        concat(Uint8Array.of(3), word(P + 1n)),
        concat(Uint8Array.of(4), x),
        concat(Uint8Array.of(6), x),
        concat(Uint8Array.of(0), x),
        x,
        GENERATOR,
        concat(Uint8Array.of(4), GENERATOR),
        new Uint8Array(0),
      ]) {
        expect(codeOf(() => secp256k1.decompress(compressed))).toBe('invalid-point');
      }
    });

    test('hashes and signatures of the wrong length', () => {
      const publicKey = secp256k1.publicKey(keyA);
      const signature = secp256k1.sign(word(1n), keyA);
      for (const length of [0, 31, 33, 64]) {
        const digest = new Uint8Array(length);
        expect(codeOf(() => secp256k1.sign(digest, keyA))).toBe('invalid-hash');
        expect(codeOf(() => secp256k1.recover(signature, digest))).toBe('invalid-hash');
        expect(codeOf(() => secp256k1.verify(signature.subarray(0, 64), digest, publicKey))).toBe('invalid-hash');
      }
      for (const length of [0, 63, 66, 72]) {
        const wrong = new Uint8Array(length).fill(1);
        expect(codeOf(() => secp256k1.recover(wrong, word(1n)))).toBe('invalid-signature');
        expect(codeOf(() => secp256k1.verify(wrong, word(1n), publicKey))).toBe('invalid-signature');
      }
      expect(codeOf(() => secp256k1.verify(signature, word(1n), publicKey))).toBe('invalid-signature');
      expect(codeOf(() => secp256k1.recover(signature.subarray(0, 64), word(1n)))).toBe('invalid-signature');
    });

    test('arguments do not change, results are new arrays of the exact size', () => {
      const [key, digest] = [Buffer.from(keyA), Buffer.from(keccak256(keyB))];
      const publicKey = Buffer.from(secp256k1.publicKey(key));
      const compressed = Buffer.from(secp256k1.compress(publicKey));
      const signature = Buffer.from(secp256k1.sign(digest, key));
      const inputs = [key, digest, publicKey, compressed, signature];
      const before = inputs.map(hex);

      const actions: (() => Uint8Array)[] = [
        () => secp256k1.publicKey(key),
        () => secp256k1.compress(publicKey),
        () => secp256k1.decompress(compressed),
        () => secp256k1.sign(digest, key),
        () => secp256k1.recover(signature, digest),
        () => secp256k1.ecdh(key, publicKey),
      ];
      for (const action of actions) {
        const result = action();
        const expected = hex(result);
        expect(result.constructor).toBe(Uint8Array);
        expect(result.buffer.byteLength).toBe(result.length);
        result.fill(0);
        expect(hex(action())).toBe(expected);
      }
      secp256k1.verify(signature.subarray(0, 64), digest, publicKey);
      expect(inputs.map(hex)).toEqual(before);
    });

    test('error messages never contain a private key', () => {
      const key = word(N + 0xabcdefn);
      for (const action of [
        () => secp256k1.publicKey(key),
        () => secp256k1.sign(word(1n), key),
        () => secp256k1.ecdh(key, GENERATOR),
      ]) {
        expect(action).toThrow(CryptoError);
        try {
          action();
        } catch (error) {
          const shown = `${(error as Error).stack} ${String((error as Error).cause)}`;
          expect(shown).not.toContain(hex(key).slice(-8));
          expect(shown).not.toContain(number(key).toString());
        }
      }
    });
  });
}
