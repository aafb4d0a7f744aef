import { type Crypto, generatePrivateKey, type RandomBytes } from '@devp2p/crypto';
import { bigint, bytes, type Codec, decodePrefix, encode, RlpError, struct } from '@devp2p/rlp';
import { agree, decrypt, ECIES_OVERHEAD, encrypt } from './ecies.ts';
import { handshakeFailed, RlpxError } from './error.ts';

/** Longest auth or ack, size prefix included, in bytes. Known clients send 300 to 700. */
const MAX_HANDSHAKE_PACKET = 2048;

const VERSION = 4n;
const SIZE_LENGTH = 2;
const NONCE_LENGTH = 32;
/** EIP-8: at least 100 random bytes, so that the packet cannot be told from its size. */
const MIN_PADDING = 100;
const MAX_PADDING = 300;

/** Contents of the forms from before EIP-8, which have a fixed size and no size prefix. */
const PLAIN_AUTH_BODY = 65 + 32 + 64 + NONCE_LENGTH + 1;
const PLAIN_ACK_BODY = 64 + NONCE_LENGTH + 1;
const NOTHING: Uint8Array = new Uint8Array(0);

const authBody = struct(
  { signature: bytes(65), publicKey: bytes(64), nonce: bytes(NONCE_LENGTH), version: bigint(256) },
  { extra: 'ignore' },
);
const ackBody = struct(
  { ephemeralKey: bytes(64), nonce: bytes(NONCE_LENGTH), version: bigint(256) },
  { extra: 'ignore' },
);

/** What both sides of a connection share after the handshake, seen from one of them. */
export interface Secrets {
  /** 32-byte key of both frame ciphers. */
  readonly aes: Uint8Array;
  /** 32-byte key of the frame MACs. */
  readonly mac: Uint8Array;
  /** What the MAC state of sent frames starts with. */
  readonly egress: Uint8Array;
  /** What the MAC state of received frames starts with. */
  readonly ingress: Uint8Array;
}

/** The end of a handshake. */
export interface Session {
  /**
   * 64-byte public key of the other side. An initiator knows it from the start; it is proved by the first frame,
   * whose MAC only the holder of the key could make, since the secrets hang on an auth that nobody else can read.
   */
  readonly remoteId: Uint8Array;
  readonly secrets: Secrets;
}

/** The bytes of a handshake, as a transport sees them. */
export interface HandshakeWire {
  /** The next `length` bytes as soon as they are there; they stay next. */
  peek(length: number): Promise<Uint8Array>;
  /** Like `peek`, and consumes them. */
  take(length: number): Promise<Uint8Array>;
  write(bytes: Uint8Array): void;
}

/** Whose handshake it is. */
export interface HandshakeOptions {
  /** Our static private key, 32 bytes. */
  readonly privateKey: Uint8Array;
  readonly crypto: Crypto;
  readonly random: RandomBytes;
}

/**
 * The dialling side of the handshake.
 *
 * @param remoteId - the 64-byte public key of the node that is dialled.
 * @throws RlpxError `handshake-failed`, and whatever `wire` rejects with.
 */
export async function initiateHandshake(
  wire: HandshakeWire,
  remoteId: Uint8Array,
  options: HandshakeOptions,
): Promise<Session> {
  const { crypto, privateKey, random } = options;
  const ephemeralKey = generatePrivateKey(random);
  const nonce = random(NONCE_LENGTH);

  const auth = sealAuth(remoteId, ephemeralKey, nonce, options);
  wire.write(auth);
  const received = await readPacket(wire, crypto, privateKey, PLAIN_ACK_BODY);
  const ack = readAck(received);

  const secrets = deriveSecrets(crypto, {
    inbound: false,
    ephemeralKey,
    remoteEphemeralKey: ack.ephemeralKey,
    nonce,
    remoteNonce: ack.nonce,
    sent: auth,
    received: received.packet,
  });
  return { remoteId, secrets };
}

/**
 * The answering side of the handshake. Nothing is written until the caller has proved that it holds its key.
 *
 * @throws RlpxError `handshake-failed`, and whatever `wire` rejects with.
 */
export async function acceptHandshake(
  wire: HandshakeWire,
  options: HandshakeOptions,
): Promise<Session> {
  const { crypto, privateKey, random } = options;
  const received = await readPacket(wire, crypto, privateKey, PLAIN_AUTH_BODY);
  const auth = readAuth(crypto, privateKey, received);

  const ephemeralKey = generatePrivateKey(random);
  const nonce = random(NONCE_LENGTH);
  const ack = sealAck(auth.remoteId, ephemeralKey, nonce, options);
  const secrets = deriveSecrets(crypto, {
    inbound: true,
    ephemeralKey,
    remoteEphemeralKey: auth.ephemeralKey,
    nonce,
    remoteNonce: auth.nonce,
    sent: ack,
    received: received.packet,
  });
  wire.write(ack);
  return { remoteId: auth.remoteId, secrets };
}

/** A packet that authenticated, whole as it was on the wire, and what was in it. */
interface Opened {
  readonly packet: Uint8Array;
  readonly body: Uint8Array;
  /** Whether it has the form from before EIP-8. */
  readonly plain: boolean;
}

async function readPacket(
  wire: HandshakeWire,
  crypto: Crypto,
  privateKey: Uint8Array,
  plainBody: number,
): Promise<Opened> {
  const prefix = await wire.peek(SIZE_LENGTH);
  // The plain form begins with the 04 of a point, which can also be the high byte of a size. Such a size is larger
  // than the plain form, so waiting for that many bytes first is safe in both cases.
  if (prefix[0] === 0x04) {
    const packet = await wire.peek(plainBody + ECIES_OVERHEAD);
    const body = attempt(() => decrypt(crypto, privateKey, packet, NOTHING));
    if (body) return { packet: await wire.take(packet.length), body, plain: true };
  }
  const size = ((prefix[0] as number) << 8) | (prefix[1] as number);
  if (size < ECIES_OVERHEAD || size + SIZE_LENGTH > MAX_HANDSHAKE_PACKET) {
    throw handshakeFailed('packet size is out of range');
  }
  const packet = await wire.take(SIZE_LENGTH + size);
  const body = decrypt(
    crypto,
    privateKey,
    packet.subarray(SIZE_LENGTH),
    packet.subarray(0, SIZE_LENGTH),
  );
  return { packet, body, plain: false };
}

function attempt(work: () => Uint8Array): Uint8Array | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof RlpxError) return undefined;
    throw error;
  }
}

function sealAuth(
  remoteId: Uint8Array,
  ephemeralKey: Uint8Array,
  nonce: Uint8Array,
  { crypto, privateKey, random }: HandshakeOptions,
): Uint8Array {
  const shared = agree(crypto, privateKey, remoteId);
  if (!shared.onCurve) throw handshakeFailed('the id of the remote is not a public key');
  const token = xor(shared.secret, nonce);
  const body = encode(authBody, {
    signature: crypto.secp256k1.sign(token, ephemeralKey),
    publicKey: crypto.secp256k1.publicKey(privateKey),
    nonce,
    version: VERSION,
  });
  return sealPacket(crypto, random, remoteId, body);
}

function sealAck(
  remoteId: Uint8Array,
  ephemeralKey: Uint8Array,
  nonce: Uint8Array,
  { crypto, random }: HandshakeOptions,
): Uint8Array {
  const body = encode(ackBody, {
    ephemeralKey: crypto.secp256k1.publicKey(ephemeralKey),
    nonce,
    version: VERSION,
  });
  return sealPacket(crypto, random, remoteId, body);
}

/** EIP-8 form: `size ‖ ecies(body ‖ padding)`, where the size is authenticated. */
function sealPacket(
  crypto: Crypto,
  random: RandomBytes,
  publicKey: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  const [high = 0, low = 0] = random(2);
  const padding = random(MIN_PADDING + (((high << 8) | low) % (MAX_PADDING - MIN_PADDING + 1)));
  const size = body.length + padding.length + ECIES_OVERHEAD;
  const prefix = Uint8Array.of(size >>> 8, size & 0xff);
  return concat(prefix, encrypt(crypto, random, publicKey, concat(body, padding), prefix));
}

interface Auth {
  readonly remoteId: Uint8Array;
  readonly ephemeralKey: Uint8Array;
  readonly nonce: Uint8Array;
}

function readAuth(crypto: Crypto, privateKey: Uint8Array, { body, plain }: Opened): Auth {
  const { signature, publicKey, nonce } = plain
    ? {
        signature: body.subarray(0, 65),
        publicKey: body.subarray(97, 161),
        nonce: body.subarray(161, 193),
      }
    : readBody(authBody, body);
  const shared = agree(crypto, privateKey, publicKey);
  const token = xor(shared.secret, nonce);
  let ephemeralKey: Uint8Array;
  try {
    ephemeralKey = crypto.secp256k1.recover(signature, token);
  } catch (cause) {
    throw handshakeFailed('auth is not signed', cause);
  }
  // Only now, after all the work that a good key would have taken.
  if (!shared.onCurve) throw handshakeFailed('auth is not signed');
  return { remoteId: new Uint8Array(publicKey), ephemeralKey, nonce };
}

interface Ack {
  readonly ephemeralKey: Uint8Array;
  readonly nonce: Uint8Array;
}

function readAck({ body, plain }: Opened): Ack {
  if (!plain) return readBody(ackBody, body);
  return { ephemeralKey: body.subarray(0, 64), nonce: body.subarray(64, 96) };
}

/** EIP-8: what follows the list is padding. */
function readBody<T>(codec: Codec<T>, body: Uint8Array): T {
  try {
    return decodePrefix(codec, body).value;
  } catch (cause) {
    if (cause instanceof RlpError) throw handshakeFailed('packet holds something else', cause);
    throw cause;
  }
}

interface Exchange {
  readonly inbound: boolean;
  readonly ephemeralKey: Uint8Array;
  readonly remoteEphemeralKey: Uint8Array;
  readonly nonce: Uint8Array;
  readonly remoteNonce: Uint8Array;
  readonly sent: Uint8Array;
  readonly received: Uint8Array;
}

function deriveSecrets(crypto: Crypto, exchange: Exchange): Secrets {
  const { inbound, nonce, remoteNonce, sent, received } = exchange;
  const agreed = agree(crypto, exchange.ephemeralKey, exchange.remoteEphemeralKey);
  const ephemeral = agreed.secret;
  const nonces = inbound ? concat(nonce, remoteNonce) : concat(remoteNonce, nonce);
  const shared = crypto.keccak256(concat(ephemeral, crypto.keccak256(nonces)));
  const aes = crypto.keccak256(concat(ephemeral, shared));
  const mac = crypto.keccak256(concat(ephemeral, aes));
  if (!agreed.onCurve) throw handshakeFailed('ack does not authenticate');
  return {
    aes,
    mac,
    egress: concat(xor(mac, remoteNonce), sent),
    ingress: concat(xor(mac, nonce), received),
  };
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number));
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
