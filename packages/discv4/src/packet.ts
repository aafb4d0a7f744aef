import { type Crypto, CryptoError, nobleCrypto } from '@devp2p/crypto';
import type { NodeId } from '@devp2p/enr';
import { bytes as bytesRule, oneOf, required } from '@devp2p/options';
import {
  bigint,
  bytes,
  type Codec,
  decodePrefix,
  encode,
  list,
  map,
  optional,
  RlpError,
  raw,
  struct,
  uint,
} from '@devp2p/rlp';
import { check } from './check-options.ts';
import { Discv4Error } from './error.ts';
import { showFields } from './shown.ts';

/** The most bytes that a packet may have (discv4.md, "Wire Protocol"). */
export const MAX_PACKET_SIZE = 1280;

/** The most nodes in a Neighbors packet: what always fits, with IPv6 addresses. */
export const MAX_NEIGHBORS = 12;

/** An endpoint as a packet states it. Nobody guarantees that `ip` is an address: it may have any length. */
export interface Endpoint {
  ip: Uint8Array;
  udp: number;
  tcp: number;
}

/** A node as a Neighbors packet states it; neither address nor id have been checked. */
export interface Neighbor extends Endpoint {
  /** Public key, 64 bytes. */
  id: NodeId;
}

/** When a packet is no longer to be heeded: Unix time in seconds. Values of 2⁶³ and above come out negative. */
type Expiration = number;

export interface Ping {
  type: 'ping';
  version: bigint;
  from: Endpoint;
  to: Endpoint;
  expiration: Expiration;
  /** Sequence number of the sender's record (EIP-868). */
  enrSeq?: bigint | undefined;
}

export interface Pong {
  type: 'pong';
  /** Where the ping came from, as its receiver saw it. */
  to: Endpoint;
  /** Hash of the ping, 32 bytes. */
  pingHash: Uint8Array;
  expiration: Expiration;
  /** Sequence number of the sender's record (EIP-868). */
  enrSeq?: bigint | undefined;
}

export interface FindNode {
  type: 'findNode';
  /** Any 64 bytes; it need not be a key. */
  target: Uint8Array;
  expiration: Expiration;
}

export interface Neighbors {
  type: 'neighbors';
  nodes: Neighbor[];
  expiration: Expiration;
}

/** EIP-868. */
export interface EnrRequest {
  type: 'enrRequest';
  expiration: Expiration;
}

/** EIP-868. */
export interface EnrResponse {
  type: 'enrResponse';
  /** Hash of the request, 32 bytes. */
  requestHash: Uint8Array;
  /** The record as it is on the wire, for `decodeEnr`. */
  record: Uint8Array;
}

/** What discovery v4 nodes say to each other (discv4.md, "Packet Data"). */
export type Packet = Ping | Pong | FindNode | Neighbors | EnrRequest | EnrResponse;

type Body<T extends Packet['type']> = Omit<Extract<Packet, { type: T }>, 'type'>;

const extra = 'ignore';
const endpointFields = { ip: bytes(), udp: uint(16), tcp: uint(16) };
const endpoint: Codec<Endpoint> = struct(endpointFields, { extra });
const neighbor: Codec<Neighbor> = struct({ ...endpointFields, id: bytes(64) }, { extra });

const expiration: Codec<Expiration> = map(
  bigint(64),
  (value) => Number(BigInt.asIntN(64, value)),
  (value) => BigInt(value),
);

/** Whatever stands in this place and is no sequence number was put there by a later version (EIP-8). */
const sequence: Codec<bigint | undefined> = {
  read(reader) {
    const item = reader.item();
    try {
      return decodePrefix(uint64, item).value;
    } catch (error) {
      if (error instanceof RlpError) return undefined;
      throw error;
    }
  },
  write: (writer, value) => uint64.write(writer, value ?? 0n),
};
const uint64 = bigint(64);

const KINDS: { readonly [T in Packet['type']]: { code: number; body: Codec<Body<T>> } } = {
  ping: {
    code: 1,
    body: struct(
      { version: uint64, from: endpoint, to: endpoint, expiration, enrSeq: optional(sequence) },
      { extra },
    ),
  },
  pong: {
    code: 2,
    body: struct(
      { to: endpoint, pingHash: bytes(32), expiration, enrSeq: optional(sequence) },
      { extra },
    ),
  },
  findNode: { code: 3, body: struct({ target: bytes(64), expiration }, { extra }) },
  neighbors: { code: 4, body: struct({ nodes: list(neighbor), expiration }, { extra }) },
  enrRequest: { code: 5, body: struct({ expiration }, { extra }) },
  enrResponse: { code: 6, body: struct({ requestHash: bytes(32), record: raw }, { extra }) },
};

const TYPES = Object.keys(KINDS) as readonly Packet['type'][];

const datagramRule = bytesRule();
const packetRules = { type: required(oneOf(...TYPES)) };

const HASH_LENGTH = 32;
/** Hash and signature. */
const HEAD_LENGTH: number = HASH_LENGTH + 65;

/** A packet whose signature has not been looked at. */
export interface UnverifiedPacket {
  readonly packet: Packet;
  /** Keccak-256 of everything behind it; what an answer refers to. */
  readonly hash: Uint8Array;
  /** The whole datagram. */
  readonly bytes: Uint8Array;
}

/** A packet, and who signed it. */
export interface SignedPacket {
  readonly packet: Packet;
  readonly hash: Uint8Array;
  /** The signer's public key, 64 bytes. */
  readonly id: NodeId;
}

/** A packet that is ready to be sent. */
export interface EncodedPacket {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
}

/**
 * Whether bytes are a discovery v4 packet at all, by length and hash. On a socket that is shared with another protocol
 * everything else is the other's.
 */
export function isDiscv4(bytes: Uint8Array, crypto: Crypto): boolean {
  if (bytes.length <= HEAD_LENGTH || bytes.length > MAX_PACKET_SIZE) return false;
  const hash = crypto.keccak256(bytes.subarray(HASH_LENGTH));
  return hash.every((byte, i) => byte === bytes[i]);
}

/**
 * Reads the body of a packet for which {@link isDiscv4} holds. Items that are unknown and bytes behind the body are
 * passed over (EIP-8). Byte strings in the result are views of the datagram.
 *
 * @throws Discv4Error `unknown-type`, `malformed-packet`
 */
export function readPacket(datagram: Uint8Array): UnverifiedPacket {
  const type = TYPES[(datagram[HEAD_LENGTH] ?? 0) - 1];
  if (type === undefined) {
    throw new Discv4Error('unknown-type', `no packet has type ${datagram[HEAD_LENGTH]}`);
  }
  try {
    const { value } = decodePrefix<object>(KINDS[type].body, datagram.subarray(HEAD_LENGTH + 1));
    const packet = { type, ...value } as Packet;
    return { packet, hash: datagram.subarray(0, HASH_LENGTH), bytes: datagram };
  } catch (cause) {
    if (!(cause instanceof RlpError)) throw cause;
    throw new Discv4Error('malformed-packet', `${type}: ${cause.message}`, { cause });
  }
}

/**
 * Who signed a packet.
 *
 * @throws Discv4Error `malformed-packet` when nobody can have signed it.
 */
export function recoverSender({ bytes: datagram }: UnverifiedPacket, crypto: Crypto): NodeId {
  const signature = datagram.subarray(HASH_LENGTH, HEAD_LENGTH);
  try {
    return crypto.secp256k1.recover(signature, crypto.keccak256(datagram.subarray(HEAD_LENGTH)));
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new Discv4Error('malformed-packet', 'signature is nobody’s', { cause });
  }
}

/**
 * Reads a packet and recovers its signer. Whether it has expired is the caller's to ask.
 *
 * @throws Discv4Error `foreign-packet`, `unknown-type`, `malformed-packet`, `invalid-option`
 */
export function decodePacket(datagram: Uint8Array, crypto: Crypto = nobleCrypto): SignedPacket {
  check.value('datagram', datagram, datagramRule);
  if (!isDiscv4(datagram, crypto)) {
    throw new Discv4Error('foreign-packet', `${datagram.length} bytes are no discovery v4 packet`);
  }
  const unverified = readPacket(datagram);
  const { packet, hash } = unverified;
  const id = recoverSender(unverified, crypto);
  return showFields({ packet: showFields(packet), hash, id });
}

/**
 * Signs a packet with a private key of 32 bytes.
 *
 * @throws Discv4Error `packet-too-large`, `invalid-option`; RlpError for values that do not fit their fields; CryptoError
 */
export function encodePacket(
  packet: Packet,
  privateKey: Uint8Array,
  crypto: Crypto = nobleCrypto,
): EncodedPacket {
  check.fields('packet', packet, packetRules);
  const { code, body } = KINDS[packet.type] as { code: number; body: Codec<object> };
  const content = encode(body, packet);
  const length = HEAD_LENGTH + 1 + content.length;
  if (length > MAX_PACKET_SIZE) {
    throw new Discv4Error('packet-too-large', `${length} bytes, more than ${MAX_PACKET_SIZE}`);
  }
  const datagram = new Uint8Array(length);
  datagram[HEAD_LENGTH] = code;
  datagram.set(content, HEAD_LENGTH + 1);
  const signed = crypto.keccak256(datagram.subarray(HEAD_LENGTH));
  datagram.set(crypto.secp256k1.sign(signed, privateKey), HASH_LENGTH);
  const hash = crypto.keccak256(datagram.subarray(HASH_LENGTH));
  datagram.set(hash);
  return { bytes: datagram, hash };
}
