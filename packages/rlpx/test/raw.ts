// Remote side of the hostile tests: a second implementation of the protocol from the primitives, in which every byte can
// be forged.
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { concatBytes, fromHex } from '@devp2p/bytes';
import { type Keccak256, nobleCrypto } from '@devp2p/crypto';

const { secp256k1, keccak256 } = nobleCrypto;

export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Uint8Array.from(a, (byte, i) => byte ^ (b[i] ?? 0));
}

export function newKey(): Uint8Array {
  return Uint8Array.from(randomBytes(32));
}

/** RLP of a list of byte strings. */
export function rlpList(items: Uint8Array[]): Uint8Array {
  const body = concatBytes(...items.map(rlpString));
  return concatBytes(rlpPrefix(0xc0, body.length), body);
}

function rlpString(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 1 && (bytes[0] as number) < 0x80) return bytes;
  return concatBytes(rlpPrefix(0x80, bytes.length), bytes);
}

function rlpPrefix(base: number, length: number): Uint8Array {
  if (length < 56) return Uint8Array.of(base + length);
  const digits = fromHex(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'));
  return concatBytes(Uint8Array.of(base + 55 + digits.length), digits);
}

function kdf(secret: Uint8Array): { aes: Uint8Array; mac: Uint8Array } {
  const key = createHash('sha256')
    .update(concatBytes(Uint8Array.of(0, 0, 0, 1), secret))
    .digest();
  return { aes: key.subarray(0, 16), mac: createHash('sha256').update(key.subarray(16)).digest() };
}

/** `point` replaces the ephemeral key on the wire, `secret` the shared secret. */
export function eciesSeal(
  publicKey: Uint8Array,
  message: Uint8Array,
  authenticated: Uint8Array,
  forged: { point?: Uint8Array; secret?: Uint8Array } = {},
): Uint8Array {
  const ephemeral = newKey();
  const { aes, mac } = kdf(forged.secret ?? secp256k1.ecdh(ephemeral, publicKey));
  const iv = randomBytes(16);
  const sealed = concatBytes(iv, createCipheriv('aes-128-ctr', aes, iv).update(message));
  const tag = createHmac('sha256', mac).update(concatBytes(sealed, authenticated)).digest();
  const point = forged.point ?? secp256k1.publicKey(ephemeral);
  return concatBytes(Uint8Array.of(4), point, sealed, tag);
}

function eciesOpen(privateKey: Uint8Array, packet: Uint8Array, authenticated: Uint8Array): Uint8Array {
  const { aes, mac } = kdf(secp256k1.ecdh(privateKey, packet.subarray(1, 65)));
  const sealed = packet.subarray(65, -32);
  const tag = createHmac('sha256', mac).update(concatBytes(sealed, authenticated)).digest();
  if (!tag.equals(packet.subarray(-32))) throw new Error('wrong tag');
  return Uint8Array.from(createCipheriv('aes-128-ctr', aes, sealed.subarray(0, 16)).update(sealed.subarray(16)));
}

/** EIP-8 form, with an authenticated size prefix. */
export function packet(
  publicKey: Uint8Array,
  body: Uint8Array,
  forged: { point?: Uint8Array; secret?: Uint8Array } = {},
): Uint8Array {
  const size = body.length + 113;
  const prefix = Uint8Array.of(size >> 8, size & 0xff);
  return concatBytes(prefix, eciesSeal(publicKey, body, prefix, forged));
}

export function openPacket(privateKey: Uint8Array, bytes: Uint8Array): Uint8Array {
  return eciesOpen(privateKey, bytes.subarray(2), bytes.subarray(0, 2));
}

/** The initiator's part of the secrets. */
export interface RawAuth {
  readonly ephemeral: Uint8Array;
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
}

/** `publicKey` replaces the static key in the auth, `token` the signed token. */
export function authBody(
  privateKey: Uint8Array,
  remoteId: Uint8Array,
  forged: { publicKey?: Uint8Array; token?: Uint8Array } = {},
): RawAuth {
  const ephemeral = newKey();
  const nonce = newKey();
  const token = forged.token ?? xor(secp256k1.ecdh(privateKey, remoteId), nonce);
  const body = rlpList([
    secp256k1.sign(token, ephemeral),
    forged.publicKey ?? secp256k1.publicKey(privateKey),
    nonce,
    Uint8Array.of(4),
  ]);
  return { ephemeral, nonce, body };
}

/** Frames of one connection, one at a time. */
export class RawFrames {
  readonly egress: Keccak256;
  readonly ingress: Keccak256;
  readonly #mac: Uint8Array;
  readonly #out: ReturnType<typeof createCipheriv>;
  readonly #in: ReturnType<typeof createCipheriv>;

  constructor(aes: Uint8Array, mac: Uint8Array, egress: Uint8Array, ingress: Uint8Array) {
    this.#mac = mac;
    this.egress = nobleCrypto.createKeccak256().update(egress);
    this.ingress = nobleCrypto.createKeccak256().update(ingress);
    this.#out = createCipheriv('aes-256-ctr', aes, new Uint8Array(16));
    this.#in = createCipheriv('aes-256-ctr', aes, new Uint8Array(16));
  }

  #mix(sponge: Keccak256, data: Uint8Array): Uint8Array {
    const cipher = createCipheriv('aes-256-ecb', this.#mac, null).setAutoPadding(false);
    const seed = cipher.update(sponge.digest().subarray(0, 16));
    return sponge
      .update(xor(seed, data.subarray(0, 16)))
      .digest()
      .subarray(0, 16);
  }

  header(size: number): Uint8Array {
    const header = new Uint8Array(16);
    header.set([size >> 16, size >> 8, size, 0xc2, 0x80, 0x80]);
    const sealed = this.#out.update(header);
    return concatBytes(sealed, this.#mix(this.egress, sealed));
  }

  body(plain: Uint8Array): Uint8Array {
    const sealed = this.#out.update(concatBytes(plain, new Uint8Array(-plain.length & 15)));
    this.egress.update(sealed);
    return concatBytes(sealed, this.#mix(this.egress, this.egress.digest()));
  }

  /** `body` is the content of the frame: code and payload. */
  seal(body: Uint8Array): Uint8Array {
    return concatBytes(this.header(body.length), this.body(body));
  }

  /** Decrypts exactly one frame. */
  open(frame: Uint8Array): Uint8Array {
    const sealed = frame.subarray(0, 16);
    const tag = this.#mix(this.ingress, sealed);
    if (!Buffer.from(tag).equals(frame.subarray(16, 32))) throw new Error('wrong header MAC');
    const [high = 0, middle = 0, low = 0] = this.#in.update(sealed);
    const size = (high << 16) | (middle << 8) | low;
    const body = frame.subarray(32, -16);
    this.ingress.update(body);
    const bodyTag = this.#mix(this.ingress, this.ingress.digest());
    if (!Buffer.from(bodyTag).equals(frame.subarray(-16))) throw new Error('wrong frame MAC');
    return Uint8Array.from(this.#in.update(body)).subarray(0, size);
  }
}

export interface RawSide {
  readonly ephemeral: Uint8Array;
  readonly remoteEphemeral: Uint8Array;
  readonly nonce: Uint8Array;
  readonly remoteNonce: Uint8Array;
  readonly sent: Uint8Array;
  readonly received: Uint8Array;
  readonly inbound: boolean;
}

export function rawSecrets(side: RawSide): RawFrames {
  const agreed = secp256k1.ecdh(side.ephemeral, side.remoteEphemeral);
  const nonces = side.inbound ? concatBytes(side.nonce, side.remoteNonce) : concatBytes(side.remoteNonce, side.nonce);
  const aes = keccak256(concatBytes(agreed, keccak256(concatBytes(agreed, keccak256(nonces)))));
  const mac = keccak256(concatBytes(agreed, aes));
  return new RawFrames(
    aes,
    mac,
    concatBytes(xor(mac, side.remoteNonce), side.sent),
    concatBytes(xor(mac, side.nonce), side.received),
  );
}

/** Reads exactly `length` bytes from a transport. */
async function receive(duplex: Duplex, length: number): Promise<Uint8Array> {
  for (;;) {
    const bytes = duplex.read(length) as Uint8Array | null;
    if (bytes?.length === length) return Uint8Array.from(bytes);
    if (bytes !== null) throw new Error(`ended after ${bytes.length} of ${length} bytes`);
    await new Promise<void>((resolve, reject) => {
      duplex.once('readable', resolve);
      duplex.once('close', () => reject(new Error('closed')));
    });
  }
}

export async function receivePacket(duplex: Duplex): Promise<Uint8Array> {
  const prefix = await receive(duplex, 2);
  return concatBytes(prefix, await receive(duplex, Buffer.from(prefix).readUInt16BE()));
}

/** Dials a node over a transport. */
export async function rawInitiate(duplex: Duplex, privateKey: Uint8Array, remoteId: Uint8Array): Promise<RawFrames> {
  const auth = authBody(privateKey, remoteId);
  const sent = packet(remoteId, concatBytes(auth.body, new Uint8Array(100)));
  duplex.write(sent);
  const received = await receivePacket(duplex);
  const ack = fields(openPacket(privateKey, received), [64, 32]);
  return rawSecrets({
    ephemeral: auth.ephemeral,
    remoteEphemeral: ack[0] as Uint8Array,
    nonce: auth.nonce,
    remoteNonce: ack[1] as Uint8Array,
    sent,
    received,
    inbound: false,
  });
}

/** Byte strings at the start of an RLP list that is longer than 55 bytes. */
export function fields(list: Uint8Array, lengths: number[]): Uint8Array[] {
  let at = 1 + ((list[0] as number) - 0xf7);
  return lengths.map((length) => {
    at += length > 55 ? 2 : 1;
    at += length;
    return list.subarray(at - length, at);
  });
}
