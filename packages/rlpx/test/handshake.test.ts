import { readFileSync } from 'node:fs';
import { concatBytes, fromHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { randomBytes } from '@devp2p/random';
import { describe, expect, test } from 'vitest';
import { acceptHandshake, type HandshakeOptions, type HandshakeWire, initiateHandshake } from '../src/index.ts';
import { authBody, eciesSeal, fields, newKey, openPacket, packet, rlpList, xor } from './raw.ts';

const { secp256k1, keccak256, createKeccak256 } = nobleCrypto;
const vectors = JSON.parse(readFileSync(new URL('vectors/eip-8.json', import.meta.url), 'utf8')).handshake;
const keyA = fromHex(vectors.static_key_a);
const keyB = fromHex(vectors.static_key_b);
const idA = secp256k1.publicKey(keyA);
const idB = secp256k1.publicKey(keyB);

/** A wire that delivers these bytes and no more. */
function wireWith(...incoming: Uint8Array[]): HandshakeWire & { written: Uint8Array[]; asked: number } {
  let held = concatBytes(...incoming);
  const wire = {
    written: [] as Uint8Array[],
    asked: 0,
    async peek(length: number) {
      wire.asked = Math.max(wire.asked, length);
      if (held.length < length) throw new Error('the wire has no more bytes');
      return held.subarray(0, length);
    },
    async take(length: number) {
      const bytes = await wire.peek(length);
      held = held.subarray(length);
      return bytes;
    },
    write(bytes: Uint8Array) {
      wire.written.push(bytes);
    },
  };
  return wire;
}

function options(privateKey: Uint8Array, ...first: Uint8Array[]): HandshakeOptions {
  const random = (length: number): Uint8Array => first.shift() ?? randomBytes(length);
  const publicKey = nobleCrypto.secp256k1.publicKey(privateKey);
  return { privateKey, publicKey, crypto: nobleCrypto, random };
}

const asB = (): HandshakeOptions => options(keyB, fromHex(vectors.ephemeral_key_b), fromHex(vectors.nonce_b));
const asA = (): HandshakeOptions => options(keyA, fromHex(vectors.ephemeral_key_a), fromHex(vectors.nonce_a));

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no failure',
    (error: Error & { code?: string }) => error.code ?? error.message,
  );
}

describe('published vectors', () => {
  test.each(['auth1_rlpx_v4', 'auth2_eip8_v4', 'auth3_eip8_v56_3_extra'])(
    'RX-02 accepts %s and derives the published secrets',
    async (name) => {
      const wire = wireWith(fromHex(vectors[name]));
      const secrets = await acceptHandshake(wire, asB());
      expect(secrets.remoteId).toEqual(idA);
      expect(secrets.aes).toEqual(fromHex(vectors.secrets_for_auth2_ack2.aes));
      expect(secrets.mac).toEqual(fromHex(vectors.secrets_for_auth2_ack2.mac));
      expect(wire.written).toHaveLength(1);
    },
  );

  test.each(['ack1_rlpx_v4', 'ack2_eip8_v4', 'ack3_eip8_v57_3_extra'])(
    'RX-02 accepts %s and derives the published secrets',
    async (name) => {
      const secrets = await initiateHandshake(wireWith(fromHex(vectors[name])), idB, asA());
      expect(secrets.remoteId).toEqual(idB);
      expect(secrets.aes).toEqual(fromHex(vectors.secrets_for_auth2_ack2.aes));
      expect(secrets.mac).toEqual(fromHex(vectors.secrets_for_auth2_ack2.mac));
    },
  );

  test('RX-02 the ingress MAC of (auth2, ack2) has the published value', async () => {
    const secrets = await acceptHandshake(wireWith(fromHex(vectors.auth2_eip8_v4)), asB());
    const { ingress_mac_of_b_after_update_foo } = vectors.secrets_for_auth2_ack2;
    const digest = createKeccak256().update(secrets.ingress).update(new TextEncoder().encode('foo')).digest();
    expect(digest).toEqual(fromHex(ingress_mac_of_b_after_update_foo));
  });
});

describe('auth and ack', () => {
  test('RX-02 are written in EIP-8 form with 100 to 300 random bytes after the list', async () => {
    const paddings = new Set<number>();
    for (let round = 0; round < 40; round++) {
      const toB = wireWith();
      await failure(initiateHandshake(toB, idB, options(keyA)));
      const auth = toB.written[0] as Uint8Array;
      expect(Buffer.from(auth).readUInt16BE()).toBe(auth.length - 2);
      const toA = wireWith(auth);
      await acceptHandshake(toA, options(keyB));
      const authBody = openPacket(keyB, auth);
      const ackBody = openPacket(keyA, toA.written[0] as Uint8Array);
      // Lists of 65 + 64 + 32 and of 64 + 32 bytes, with the prefixes and the version.
      for (const padding of [authBody.length - 169, ackBody.length - 102]) {
        expect(padding).toBeGreaterThanOrEqual(100);
        expect(padding).toBeLessThanOrEqual(300);
        paddings.add(padding);
      }
      const [signature = new Uint8Array()] = fields(authBody, [65, 64, 32]);
      expect(signature).toHaveLength(65);
      expect(authBody.subarray(0, 2)).toEqual(Uint8Array.of(0xf8, 167));
    }
    expect(paddings.size).toBeGreaterThan(20);
  });

  test('RX-02 are read with any version, with further items, and without padding', async () => {
    const { body } = authBody(keyA, idB);
    const [signature, publicKey, nonce] = fields(body, [65, 64, 32]) as [Uint8Array, Uint8Array, Uint8Array];
    const rest = [fromHex('ffffffffffffffffff'), fromHex('aabb'), rlpList([fromHex('01'), fromHex('02')])];
    const list = rlpList([signature, publicKey, nonce, ...rest]);
    const { remoteId } = await acceptHandshake(wireWith(packet(idB, list)), options(keyB));
    expect(remoteId).toEqual(idA);
  });

  test('RX-02 an EIP-8 auth whose size starts with 04 is not confused with the form before EIP-8', async () => {
    const { body } = authBody(keyA, idB);
    const auth = packet(idB, concatBytes(body, new Uint8Array(1050 - 113 - body.length)));
    expect(auth[0]).toBe(4);
    const { remoteId } = await acceptHandshake(wireWith(auth), options(keyB));
    expect(remoteId).toEqual(idA);
  });

  test.each([2047, 2048, 4096, 65535])('RX-03 a size of %i is refused after only the prefix is read', async (size) => {
    const prefix = Uint8Array.of(size >> 8, size & 0xff);
    const wire = wireWith(prefix, new Uint8Array(70_000));
    expect(await failure(acceptHandshake(wire, options(keyB)))).toBe('handshake-failed');
    expect(wire.asked).toBe(2);
    const dialing = wireWith(prefix, new Uint8Array(70_000));
    expect(await failure(initiateHandshake(dialing, idB, options(keyA)))).toBe('handshake-failed');
    expect(dialing.asked).toBe(2);
  });

  test('RX-03 2048 bytes, prefix included, are read', async () => {
    const { body } = authBody(keyA, idB);
    const auth = packet(idB, concatBytes(body, new Uint8Array(2046 - 113 - body.length)));
    expect(auth).toHaveLength(2048);
    const { remoteId } = await acceptHandshake(wireWith(auth), options(keyB));
    expect(remoteId).toEqual(idA);
  });

  test('RX-01 the tag covers the size prefix, the initialization vector and the ciphertext', async () => {
    const auth = packet(idB, concatBytes(authBody(keyA, idB).body, new Uint8Array(100)));
    expect(await failure(acceptHandshake(wireWith(auth), options(keyB)))).toBe('no failure');
    const sealed = eciesSeal(idB, authBody(keyA, idB).body, fromHex('ffff'));
    const size = Uint8Array.of(sealed.length >> 8, sealed.length & 0xff);
    expect(await failure(acceptHandshake(wireWith(size, sealed), options(keyB)))).toBe('handshake-failed');
    for (const at of [2, 3, 40, 66, 67, 82, 83, 200, auth.length - 32, auth.length - 1]) {
      const wrong = Uint8Array.from(auth);
      wrong[at] = (wrong[at] as number) ^ 1;
      const wire = wireWith(wrong);
      expect(await failure(acceptHandshake(wire, options(keyB)))).toBe('handshake-failed');
      expect(wire.written).toEqual([]);
    }
  });

  test.each([
    ['no bytes', new Uint8Array()],
    ['no list', fromHex('83010203')],
    ['an empty list', fromHex('c0')],
    ['a signature that is too short', rlpList([new Uint8Array(64), idA, newKey(), fromHex('04')])],
    ['a signature that recovers no key', rlpList([new Uint8Array(65), idA, newKey(), fromHex('04')])],
    ['a list longer than the packet', fromHex('f9ffff')],
  ])('RX-02 an auth with %s fails', async (_, body) => {
    const wire = wireWith(packet(idB, body));
    expect(await failure(acceptHandshake(wire, options(keyB)))).toBe('handshake-failed');
    expect(wire.written).toEqual([]);
  });
});

describe('keys that are not on the curve', () => {
  const twist = concatBytes(newKey(), newKey());
  const points: [string, Uint8Array][] = [
    ['a point of another curve', twist],
    ['(1, 1)', concatBytes(fromHex('01'.padStart(64, '0')), fromHex('01'.padStart(64, '0')))],
    ['zero', new Uint8Array(64)],
    ['coordinates beyond the field', new Uint8Array(64).fill(0xff)],
    ['a point with the y of another', concatBytes(idA.subarray(0, 32), idB.subarray(32))],
  ];

  /** Curve operations that an attacker could measure by time. */
  function counting(privateKey: Uint8Array): { options: HandshakeOptions; work: string[] } {
    const work: string[] = [];
    const counted = {
      ...secp256k1,
      ecdh(key: Uint8Array, point: Uint8Array) {
        const secret = secp256k1.ecdh(key, point);
        work.push('ecdh');
        return secret;
      },
      recover(signature: Uint8Array, hash: Uint8Array) {
        work.push('recover');
        return secp256k1.recover(signature, hash);
      },
    };
    const crypto = { ...nobleCrypto, secp256k1: counted };
    const publicKey = secp256k1.publicKey(privateKey);
    return { options: { privateKey, publicKey, crypto, random: randomBytes }, work };
  }

  async function attack(auth: Uint8Array): Promise<unknown> {
    const { options, work } = counting(keyB);
    const wire = wireWith(auth);
    const error = await acceptHandshake(wire, options).catch((reason: Error) => reason);
    expect(error).toBeInstanceOf(Error);
    const { code, message, cause } = error as Error & { code: string };
    return { code, message, cause, work, written: wire.written };
  }

  test.each(points)('RX-04 HX-10 %s as ephemeral key fails like a bad MAC', async (_, point) => {
    const { body } = authBody(keyA, idB);
    const good = packet(idB, body);
    good[good.length - 1] = (good.at(-1) as number) ^ 1;
    const badMac = await attack(good);
    expect(badMac).toMatchObject({ code: 'handshake-failed', work: ['ecdh'], written: [] });
    expect(await attack(packet(idB, body, { point }))).toEqual(badMac);
    // The tag is valid for the secret that the attacker guesses, or for the one of the replacement point.
    for (const secret of [point.subarray(0, 32), idB.subarray(0, 32), new Uint8Array(32)]) {
      expect(await attack(packet(idB, body, { point, secret }))).toEqual(badMac);
    }
  });

  test.each(points)('RX-04 HX-10 %s as static key fails like a bad signature', async (_, publicKey) => {
    const unsigned = await attack(
      packet(idB, rlpList([concatBytes(newKey(), newKey(), fromHex('07')), idA, newKey(), fromHex('04')])),
    );
    const token = xor(idB.subarray(0, 32), newKey());
    for (const forged of [{ publicKey }, { publicKey, token }]) {
      const result = await attack(packet(idB, authBody(keyA, idB, forged).body));
      expect({ ...(result as object), cause: undefined }).toEqual({
        ...(unsigned as object),
        cause: undefined,
      });
    }
  });

  test.each(points)('RX-04 HX-10 %s in an ack fails the handshake', async (_, point) => {
    const { options, work } = counting(keyA);
    const wire = wireWith(packet(idA, rlpList([point, newKey(), fromHex('04')])));
    expect(await failure(initiateHandshake(wire, idB, options))).toBe('handshake-failed');
    expect(work).toEqual(['ecdh', 'ecdh', 'ecdh', 'ecdh']);
  });

  test('RX-04 a node whose id is not a point cannot be dialed', async () => {
    expect(await failure(initiateHandshake(wireWith(), twist, options(keyA)))).toBe('handshake-failed');
  });

  test('the implementation of these tests is compatible', async () => {
    const { body } = authBody(keyA, idB);
    expect(await failure(acceptHandshake(wireWith(packet(idB, body)), options(keyB)))).toBe('no failure');
    expect(keccak256(new Uint8Array())).toHaveLength(32);
  });
});
