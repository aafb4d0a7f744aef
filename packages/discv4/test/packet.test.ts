import { fromHex, toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { formatIp } from '@devp2p/ip';
import fc from 'fast-check';
import { encode } from 'rlp';
import { expect, test } from 'vitest';
import { Discv4Error, decodePacket, encodePacket, type Packet } from '../src/index.ts';
import { rawPacket, sealed } from './raw.ts';
import eip8 from './vectors/eip-8.json' with { type: 'json' };

const crypto = fastCrypto;
const privateKey = fromHex(eip8.private_key);
const { private_key: _, source: __, ...vectors } = eip8;

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Discv4Error) return error.code;
    throw error;
  }
  return 'accepted';
}

test.each(Object.entries(vectors))('D4-01 EIP-8 packet %s decodes', (name, hex) => {
  for (const crypto of [nobleCrypto, fastCrypto]) {
    const { packet, id, hash } = decodePacket(fromHex(hex), crypto);
    expect(toHex(id)).toBe(toHex(crypto.secp256k1.publicKey(privateKey)));
    expect(toHex(hash)).toBe(hex.slice(0, 64));
    expect(packet).toMatchObject({ expiration: 1136239445 });
    expect(name.replaceAll('_', '').toLowerCase()).toContain(
      packet.type === 'neighbors' ? 'neighbours' : packet.type.toLowerCase(),
    );
  }
});

test('D4-01 the content of the EIP-8 packets', () => {
  const { packet: ping } = decodePacket(fromHex(vectors.ping_v4_extra), crypto);
  expect(ping).toMatchObject({ type: 'ping', version: 4n, from: { udp: 3322, tcp: 5544 } });
  expect(ping).toMatchObject({ to: { udp: 2222, tcp: 3333 }, enrSeq: 1n });
  const { packet: v555 } = decodePacket(fromHex(vectors.ping_v555_extra_random), crypto);
  // A list in the place of the sequence number is ignored.
  expect(v555).toMatchObject({ type: 'ping', version: 555n, enrSeq: undefined });
  const { packet: neighbors } = decodePacket(fromHex(vectors.neighbours_extra_random), crypto);
  expect(neighbors.type === 'neighbors' && neighbors.nodes.map(({ ip, udp }) => [formatIp(ip), udp])).toEqual([
    ['99.33.22.55', 4444],
    ['1.2.3.4', 1],
    ['2001:db8:3c4d:15::abcd:ef12', 3333],
    ['2001:db8:85a3:8d3:1319:8a2e:370:7348', 999],
  ]);
});

const ip = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }));
const port = fc.nat(65535);
const endpoint = fc.record({ ip, udp: port, tcp: port });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const expiration = fc.nat({ max: 2 ** 31 });
const enrSeq = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const neighbor = fc.record({ ip, udp: port, tcp: port, id: bytes(64) });
const packets: fc.Arbitrary<Packet> = fc.oneof(
  fc.record({
    type: fc.constant('ping' as const),
    version: enrSeq,
    from: endpoint,
    to: endpoint,
    expiration,
    enrSeq,
  }),
  fc.record({
    type: fc.constant('pong' as const),
    to: endpoint,
    pingHash: bytes(32),
    expiration,
    enrSeq,
  }),
  fc.record({ type: fc.constant('findNode' as const), target: bytes(64), expiration }),
  fc.record({
    type: fc.constant('neighbors' as const),
    nodes: fc.array(neighbor, { maxLength: 12 }),
    expiration,
  }),
  fc.record({ type: fc.constant('enrRequest' as const), expiration }),
);

test('D4-01 decoded packets equal the encoded ones, and 12 neighbors always fit', () => {
  fc.assert(
    fc.property(packets, (packet) => {
      const { bytes, hash } = encodePacket(packet, privateKey, crypto);
      expect(bytes.length).toBeLessThanOrEqual(1280);
      const decoded = decodePacket(bytes, crypto);
      expect(decoded.packet).toEqual(packet);
      expect(decoded.hash).toEqual(hash);
    }),
    { numRuns: 200 },
  );
});

const ping = [4, [new Uint8Array(4), 1, 2], [new Uint8Array(4), 3, 4], 1_700_000_000];

test('D4-01 additional items and bytes are ignored', () => {
  for (const body of [
    [...ping, 7, [1, [2, []]], 'x'],
    [...ping, []],
    [...ping, '0x00'],
  ]) {
    expect(decodePacket(rawPacket(1, body, privateKey, crypto), crypto).packet.type).toBe('ping');
  }
  const trailing = Uint8Array.of(1, ...encode(ping), 1, 2, 3, 0xf8);
  expect(decodePacket(sealed(trailing, privateKey, crypto), crypto).packet.type).toBe('ping');
  // go-ethereum sends empty addresses while it does not know its own.
  const nowhere = [4, ['', '', ''], ['', '', ''], 1_700_000_000];
  expect(decodePacket(rawPacket(1, nowhere, privateKey, crypto), crypto).packet).toMatchObject({
    from: { udp: 0 },
  });
});

test('D4-01 foreign packets are distinguished from malformed ones', () => {
  const good = rawPacket(1, ping, privateKey, crypto);
  const flipped = good.map((byte, i) => (i === 40 ? byte ^ 1 : byte));
  expect(codeOf(() => decodePacket(good, crypto))).toBe('accepted');
  expect(codeOf(() => decodePacket(good.subarray(0, 97), crypto))).toBe('foreign-packet');
  expect(codeOf(() => decodePacket(new Uint8Array(), crypto))).toBe('foreign-packet');
  expect(codeOf(() => decodePacket(flipped, crypto))).toBe('foreign-packet');
  const body = (type: number, content: Parameters<typeof rawPacket>[1]) => () =>
    decodePacket(rawPacket(type, content, privateKey, crypto), crypto);
  expect(codeOf(body(0, []))).toBe('unknown-type');
  expect(codeOf(body(7, []))).toBe('unknown-type');
  expect(codeOf(body(255, []))).toBe('unknown-type');
  expect(codeOf(body(1, ping.slice(0, 3)))).toBe('malformed-packet');
  expect(codeOf(body(3, [new Uint8Array(63), 1]))).toBe('malformed-packet');
  expect(codeOf(body(2, [[new Uint8Array(4), 65536, 0], new Uint8Array(32), 1]))).toBe('malformed-packet');
  const unsigned = Uint8Array.of(...new Uint8Array(65).fill(0xff), 1, ...encode(ping));
  const hashed = Uint8Array.of(...crypto.keccak256(unsigned), ...unsigned);
  expect(codeOf(() => decodePacket(hashed, crypto))).toBe('malformed-packet');
});

test('D4-01 a packet of more than 1280 bytes is neither encoded nor decoded', () => {
  const padded = (length: number) => {
    const content = Uint8Array.of(1, ...encode(ping));
    return sealed(Uint8Array.of(...content, ...new Uint8Array(length - 97 - content.length)), privateKey, crypto);
  };
  expect(codeOf(() => decodePacket(padded(1280), crypto))).toBe('accepted');
  expect(codeOf(() => decodePacket(padded(1281), crypto))).toBe('foreign-packet');
  const nodes = Array.from({ length: 15 }, () => ({
    ip: new Uint8Array(16).fill(1),
    udp: 30303,
    tcp: 30303,
    id: new Uint8Array(64).fill(1),
  }));
  const tooLarge: Packet = { type: 'neighbors', nodes, expiration: 1 };
  expect(codeOf(() => encodePacket(tooLarge, privateKey, crypto))).toBe('packet-too-large');
});

test('D4-02 expirations are signed: 2⁶³ and above are in the past', () => {
  const expirationOf = (value: bigint) => {
    const { packet } = decodePacket(rawPacket(5, [value], privateKey, crypto), crypto);
    return packet.type === 'enrRequest' ? packet.expiration : Number.NaN;
  };
  expect(expirationOf(1_700_000_000n)).toBe(1_700_000_000);
  expect(expirationOf(2n ** 63n - 1n)).toBeGreaterThan(1e18);
  expect(expirationOf(2n ** 63n)).toBeLessThan(-1e18);
  expect(expirationOf(2n ** 64n - 1_700_000_000n)).toBe(-1_700_000_000);
  expect(codeOf(() => expirationOf(2n ** 64n))).toBe('malformed-packet');
});

test('any bytes decode to a packet or fail with a typed error', () => {
  const any = fc.oneof(
    fc.uint8Array({ maxLength: 1400 }),
    fc.uint8Array({ minLength: 1, maxLength: 600 }).map((content) => sealed(content, privateKey, crypto)),
    fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.uint8Array({ maxLength: 300 }))
      .map(([type, body]) => sealed(Uint8Array.of(type, 0xf8, body.length, ...body), privateKey, crypto)),
  );
  fc.assert(
    fc.property(any, (bytes) => {
      expect(codeOf(() => decodePacket(bytes, crypto))).toEqual(expect.any(String));
    }),
    { numRuns: 500 },
  );
});
