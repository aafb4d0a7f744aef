import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { Discv4Error, decodePacket, encodePacket, type Packet } from '@devp2p/discv4';
import { signEnr } from '@devp2p/enr';
import { decode, encode, list, RlpError, raw } from '@devp2p/rlp';
import { type Target, target } from '../target.ts';
import { privateKey } from './enr.ts';

const endpoint = { ip: Uint8Array.of(192, 0, 2, 1), udp: 30303, tcp: 30303 };
const expiration = 2_000_000_000;
const packets: readonly Packet[] = [
  { type: 'ping', version: 4n, from: endpoint, to: { ...endpoint, tcp: 0 }, expiration },
  { type: 'ping', version: 5n, from: endpoint, to: endpoint, expiration, enrSeq: 7n },
  { type: 'pong', to: endpoint, pingHash: new Uint8Array(32), expiration, enrSeq: 2n ** 63n },
  { type: 'findNode', target: new Uint8Array(64).fill(3), expiration },
  {
    type: 'neighbors',
    nodes: [1, 2, 3].map((n) => ({ ...endpoint, id: new Uint8Array(64).fill(n) })),
    expiration,
  },
  { type: 'enrRequest', expiration },
  {
    type: 'enrResponse',
    requestHash: new Uint8Array(32),
    record: signEnr({ ip: '192.0.2.1' }, privateKey, { crypto }).bytes,
  },
];
const items = list(raw);
/** Hash and signature. */
const headLength = 32 + 65;

/** Type and body of a packet in one list. */
function contentOf(packet: Packet): Uint8Array {
  const [type, body] = splitAt(encodePacket(packet, privateKey, crypto).bytes, headLength + 1);
  return encode(items, [type.subarray(headLength), body]);
}

function splitAt(bytes: Uint8Array, at: number): readonly [Uint8Array, Uint8Array] {
  return [bytes.slice(0, at), bytes.slice(at)];
}

/** Signs the items of a list, one after the other. */
function seal(list: Uint8Array): Uint8Array {
  const content = joined(list);
  const bytes = new Uint8Array(headLength + content.length);
  bytes.set(content, headLength);
  bytes.set(crypto.secp256k1.sign(crypto.keccak256(content), privateKey), 32);
  bytes.set(crypto.keccak256(bytes.subarray(32)));
  return bytes;
}

function joined(list: Uint8Array): Uint8Array {
  try {
    return Buffer.concat(decode(items, list));
  } catch (error) {
    if (error instanceof RlpError) return list;
    throw error;
  }
}

export const discv4Targets: readonly Target[] = [
  target({
    name: 'discv4 packet',
    structure: 'rlp',
    corpus: packets.map(contentOf),
    seal,
    errors: [Discv4Error],
    decode: (input) => decodePacket(input, crypto).packet,
    encode(packet) {
      // A time beyond the safe integers is read, and then refused as expired.
      const { expiration: time = 0 } = packet as { expiration?: number };
      if (time < 0 || !Number.isSafeInteger(time)) return undefined;
      return encodePacket(packet, privateKey, crypto).bytes;
    },
  }),
];
