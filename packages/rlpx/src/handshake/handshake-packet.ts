import { concatBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import type { RandomBytes } from '@devp2p/random';
import { bigint, bytes, type Codec, decodePrefix, encode, RlpError, struct } from '@devp2p/rlp';
import { handshakeFailed, RlpxError } from '../error.ts';
import { agree, decrypt, eciesOverhead, encrypt } from './ecies.ts';
import { xor } from './xor.ts';

/** Longest auth or ack, size prefix included, in bytes. Clients send 300 to 700. */
const maxPacketLength = 2048;

const handshakeVersion = 4n;
const sizeLength = 2;
export const nonceLength = 32;
/** EIP-8: at least 100 random bytes, so that the size does not identify the packet. */
const minPadding = 100;
const maxPadding = 300;

/** Lengths of the packets before EIP-8 without ECIES, which have no size prefix. */
const preEip8AuthLength = 65 + 32 + 64 + nonceLength + 1;
const preEip8AckLength = 64 + nonceLength + 1;
const noBytes: Uint8Array = new Uint8Array(0);

const authBody = struct(
  { signature: bytes(65), publicKey: bytes(64), nonce: bytes(nonceLength), version: bigint(256) },
  { extra: 'ignore' },
);
const ackBody = struct(
  { ephemeralKey: bytes(64), nonce: bytes(nonceLength), version: bigint(256) },
  { extra: 'ignore' },
);

/** Transport of a handshake. */
export interface HandshakeWire {
  /** Resolves with the next `length` bytes once they have arrived, without consuming them. */
  peek(length: number): Promise<Uint8Array>;
  /** As `peek`, and consumes the bytes. */
  take(length: number): Promise<Uint8Array>;
  write(bytes: Uint8Array): void;
}

/** Keys and collaborators of a handshake. */
export interface HandshakeOptions {
  /** Our static private key, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** Its public key, 64 bytes. */
  readonly publicKey: Uint8Array;
  readonly crypto: Crypto;
  readonly random: RandomBytes;
}

/** Makes the auth for the dialed node: `size ‖ ecies([signature, our key, nonce, version] ‖ padding)`. */
export function sealAuth(
  remoteId: Uint8Array,
  ephemeralKey: Uint8Array,
  nonce: Uint8Array,
  { crypto, privateKey, publicKey, random }: HandshakeOptions,
): Uint8Array {
  const shared = agree(crypto, privateKey, remoteId);
  if (!shared.onCurve) throw handshakeFailed('the id of the remote is not a public key');
  const token = xor(shared.secret, nonce);
  const body = encode(authBody, {
    signature: crypto.secp256k1.sign(token, ephemeralKey),
    publicKey,
    nonce,
    version: handshakeVersion,
  });
  return sealPacket(crypto, random, remoteId, body);
}

/** Makes the ack for the node that dialed: `size ‖ ecies([ephemeral key, nonce, version] ‖ padding)`. */
export function sealAck(
  remoteId: Uint8Array,
  ephemeralKey: Uint8Array,
  nonce: Uint8Array,
  { crypto, random }: HandshakeOptions,
): Uint8Array {
  const body = encode(ackBody, {
    ephemeralKey: crypto.secp256k1.publicKey(ephemeralKey),
    nonce,
    version: handshakeVersion,
  });
  return sealPacket(crypto, random, remoteId, body);
}

/** EIP-8 packet: `size ‖ ecies(body ‖ padding)`, where the size is authenticated. */
function sealPacket(crypto: Crypto, random: RandomBytes, publicKey: Uint8Array, body: Uint8Array): Uint8Array {
  const [high = 0, low = 0] = random(2);
  const padding = random(minPadding + (((high << 8) | low) % (maxPadding - minPadding + 1)));
  const size = body.length + padding.length + eciesOverhead;
  const prefix = Uint8Array.of(size >>> 8, size & 0xff);
  return concatBytes(prefix, encrypt(crypto, random, publicKey, concatBytes(body, padding), prefix));
}

/** A decoded auth with its encrypted form. */
export interface Auth {
  /** Public key of the sender, 64 bytes. Its private key is needed for the signed token. */
  readonly remoteId: Uint8Array;
  /** 64 bytes. */
  readonly ephemeralKey: Uint8Array;
  readonly nonce: Uint8Array;
  readonly packet: Uint8Array;
}

/** @throws RlpxError `handshake-failed`, and the errors of `wire`. */
export async function receiveAuth(wire: HandshakeWire, options: HandshakeOptions): Promise<Auth> {
  const { packet, body, isPreEip8 } = await receivePacket(wire, options, preEip8AuthLength);
  const { signature, publicKey, nonce } = isPreEip8
    ? {
        signature: body.subarray(0, 65),
        publicKey: body.subarray(97, 161),
        nonce: body.subarray(161, 193),
      }
    : readBody(authBody, body);
  const { crypto, privateKey } = options;
  const shared = agree(crypto, privateKey, publicKey);
  let ephemeralKey: Uint8Array;
  try {
    ephemeralKey = crypto.secp256k1.recover(signature, xor(shared.secret, nonce));
  } catch (cause) {
    throw handshakeFailed('invalid signature of auth', cause);
  }
  // Checked last, so that the work is the same as for a valid key.
  if (!shared.onCurve) throw handshakeFailed('invalid signature of auth');
  return { remoteId: new Uint8Array(publicKey), ephemeralKey, nonce, packet };
}

/** A decoded ack with its encrypted form. */
export interface Ack {
  /** 64 bytes, not checked to be a point. */
  readonly ephemeralKey: Uint8Array;
  readonly nonce: Uint8Array;
  readonly packet: Uint8Array;
}

/** @throws RlpxError `handshake-failed`, and the errors of `wire`. */
export async function receiveAck(wire: HandshakeWire, options: HandshakeOptions): Promise<Ack> {
  const { packet, body, isPreEip8 } = await receivePacket(wire, options, preEip8AckLength);
  const { ephemeralKey, nonce } = isPreEip8
    ? { ephemeralKey: body.subarray(0, 64), nonce: body.subarray(64, 96) }
    : readBody(ackBody, body);
  return { ephemeralKey, nonce, packet };
}

/** A packet that authenticates, with its decrypted body. */
interface DecryptedPacket {
  readonly packet: Uint8Array;
  readonly body: Uint8Array;
  /** Whether it has the form before EIP-8. */
  readonly isPreEip8: boolean;
}

async function receivePacket(
  wire: HandshakeWire,
  { crypto, privateKey }: HandshakeOptions,
  preEip8Length: number,
): Promise<DecryptedPacket> {
  const prefix = await wire.peek(sizeLength);
  // The form before EIP-8 starts with the 04 of a point, which is also a possible high byte of a size. A packet of such
  // a size is longer than that form, so waiting for its length first is safe in both cases.
  if (prefix[0] === 0x04) {
    const packet = await wire.peek(preEip8Length + eciesOverhead);
    const body = tryDecrypt(() => decrypt(crypto, privateKey, packet, noBytes));
    if (body) return { packet: await wire.take(packet.length), body, isPreEip8: true };
  }
  const size = ((prefix[0] as number) << 8) | (prefix[1] as number);
  if (size < eciesOverhead || size + sizeLength > maxPacketLength) {
    throw handshakeFailed('packet size is out of range');
  }
  const packet = await wire.take(sizeLength + size);
  const body = decrypt(crypto, privateKey, packet.subarray(sizeLength), packet.subarray(0, sizeLength));
  return { packet, body, isPreEip8: false };
}

function tryDecrypt(work: () => Uint8Array): Uint8Array | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof RlpxError) return undefined;
    throw error;
  }
}

/** Reads the list of a body. EIP-8: the bytes after the list are padding. */
function readBody<T>(codec: Codec<T>, body: Uint8Array): T {
  try {
    return decodePrefix(codec, body).value;
  } catch (cause) {
    if (cause instanceof RlpError) throw handshakeFailed('packet has invalid contents', cause);
    throw cause;
  }
}
