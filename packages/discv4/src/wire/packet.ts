import { equalBytes } from '@devp2p/bytes';
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
import { check } from '../check-options.ts';
import { Discv4Error } from '../error.ts';
import { showFields } from './show-fields.ts';

/** Largest size of a packet in bytes (discv4.md, "Wire Protocol"). */
export const maxPacketSize = 1280;

/** Largest number of nodes in a Neighbors packet: 12 nodes fit with IPv6 addresses. */
export const maxNeighbors = 12;

/** Endpoint in a packet. `ip` is not validated, and may have any length. */
export interface Endpoint {
  ip: Uint8Array;
  udp: number;
  tcp: number;
}

/** Node in a Neighbors packet. Neither the address nor the id is validated. */
export interface Neighbor extends Endpoint {
  /** Public key, 64 bytes. */
  id: NodeId;
}

/** Unix time in seconds after which a packet is ignored. Values of 2⁶³ and above decode as negative numbers. */
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
  /** Source of the Ping, as seen by the sender of the Pong. */
  to: Endpoint;
  /** Hash of the ping, 32 bytes. */
  pingHash: Uint8Array;
  expiration: Expiration;
  /** Sequence number of the sender's record (EIP-868). */
  enrSeq?: bigint | undefined;
}

export interface FindNode {
  type: 'findNode';
  /** Public key, or any other 64 bytes. */
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
  /** Encoded record, for `decodeEnr`. */
  record: Uint8Array;
}

/** Packet of discovery v4 (discv4.md, "Packet Data"). */
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

/** A later version may put another item into the place of the sequence number, which is ignored (EIP-8). */
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

const packetTypes: { readonly [T in Packet['type']]: { code: number; body: Codec<Body<T>> } } = {
  ping: {
    code: 1,
    body: struct({ version: uint64, from: endpoint, to: endpoint, expiration, enrSeq: optional(sequence) }, { extra }),
  },
  pong: {
    code: 2,
    body: struct({ to: endpoint, pingHash: bytes(32), expiration, enrSeq: optional(sequence) }, { extra }),
  },
  findNode: { code: 3, body: struct({ target: bytes(64), expiration }, { extra }) },
  neighbors: { code: 4, body: struct({ nodes: list(neighbor), expiration }, { extra }) },
  enrRequest: { code: 5, body: struct({ expiration }, { extra }) },
  enrResponse: { code: 6, body: struct({ requestHash: bytes(32), record: raw }, { extra }) },
};

const typeNames = Object.keys(packetTypes) as readonly Packet['type'][];

const datagramRule = bytesRule();
const packetRules = { type: required(oneOf(...typeNames)) };

const hashLength = 32;
/** Length of hash and signature. */
const headerLength: number = hashLength + 65;

/** Packet whose signature is not verified. */
export interface UnverifiedPacket {
  readonly packet: Packet;
  /** Keccak-256 of the rest of the datagram, which a response refers to. */
  readonly hash: Uint8Array;
  /** The whole datagram. */
  readonly bytes: Uint8Array;
}

/** Packet and its signer. */
export interface SignedPacket {
  readonly packet: Packet;
  readonly hash: Uint8Array;
  /** Public key of the signer, 64 bytes. */
  readonly id: NodeId;
}

/** Signed packet to send. */
export interface EncodedPacket {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
}

/** Whether a datagram is a discovery v4 packet, by length and hash. Others may belong to another protocol. */
export function isDiscv4(bytes: Uint8Array, crypto: Crypto): boolean {
  if (bytes.length <= headerLength || bytes.length > maxPacketSize) return false;
  return equalBytes(crypto.keccak256(bytes.subarray(hashLength)), bytes.subarray(0, hashLength));
}

/**
 * Decodes the body of a packet for which {@link isDiscv4} is true. Ignores additional items, and bytes after the body
 * (EIP-8). Byte strings in the result are views of the datagram.
 *
 * @throws Discv4Error `unknown-type`, `malformed-packet`
 */
export function readPacket(datagram: Uint8Array): UnverifiedPacket {
  const type = typeNames[(datagram[headerLength] ?? 0) - 1];
  if (type === undefined) {
    throw new Discv4Error('unknown-type', `unknown packet type ${datagram[headerLength]}`);
  }
  try {
    const { value } = decodePrefix<object>(packetTypes[type].body, datagram.subarray(headerLength + 1));
    const packet = { type, ...value } as Packet;
    return { packet, hash: datagram.subarray(0, hashLength), bytes: datagram };
  } catch (cause) {
    if (!(cause instanceof RlpError)) throw cause;
    throw new Discv4Error('malformed-packet', `invalid ${type}: ${cause.message}`, { cause });
  }
}

/**
 * Recovers the signer of a packet.
 *
 * @throws Discv4Error `malformed-packet` for an invalid signature
 */
export function recoverSender({ bytes: datagram }: UnverifiedPacket, crypto: Crypto): NodeId {
  const signature = datagram.subarray(hashLength, headerLength);
  try {
    return crypto.secp256k1.recover(signature, crypto.keccak256(datagram.subarray(headerLength)));
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw new Discv4Error('malformed-packet', 'invalid signature', { cause });
  }
}

/**
 * Decodes a packet and recovers its signer. Does not check the expiration.
 *
 * @throws Discv4Error `foreign-packet`, `unknown-type`, `malformed-packet`, `invalid-option`
 */
export function decodePacket(datagram: Uint8Array, crypto: Crypto = nobleCrypto): SignedPacket {
  check.value('datagram', datagram, datagramRule);
  if (!isDiscv4(datagram, crypto)) {
    throw new Discv4Error('foreign-packet', `not a discovery v4 packet: ${datagram.length} bytes`);
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
export function encodePacket(packet: Packet, privateKey: Uint8Array, crypto: Crypto = nobleCrypto): EncodedPacket {
  check.fields('packet', packet, packetRules);
  const { code, body } = packetTypes[packet.type] as { code: number; body: Codec<object> };
  const content = encode(body, packet);
  const length = headerLength + 1 + content.length;
  if (length > maxPacketSize) {
    throw new Discv4Error('packet-too-large', `packet of ${length} bytes is above the limit of ${maxPacketSize}`);
  }
  const datagram = new Uint8Array(length);
  datagram[headerLength] = code;
  datagram.set(content, headerLength + 1);
  const signed = crypto.keccak256(datagram.subarray(headerLength));
  datagram.set(crypto.secp256k1.sign(signed, privateKey), hashLength);
  const hash = crypto.keccak256(datagram.subarray(hashLength));
  datagram.set(hash);
  return { bytes: datagram, hash };
}
