import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { decodePrefix, raw } from '@devp2p/rlp';
import { RlpxError } from '../../../packages/rlpx/src/error.ts';
import { Ctr } from '../../../packages/rlpx/src/frame/ctr.ts';
import { type Frame, FrameMac, frameLength } from '../../../packages/rlpx/src/frame/frame.ts';
import { FrameDecoder } from '../../../packages/rlpx/src/frame/frame-decoder.ts';
import { FrameEncoder } from '../../../packages/rlpx/src/frame/frame-encoder.ts';
import { compress, decompress } from '../../../packages/rlpx/src/frame/snappy.ts';
import { decrypt, encrypt } from '../../../packages/rlpx/src/handshake/ecies.ts';
import {
  type HandshakeOptions,
  type HandshakeWire,
  receiveAck,
  receiveAuth,
  sealAck,
  sealAuth,
} from '../../../packages/rlpx/src/handshake/handshake-packet.ts';
import { createRandom } from '../random.ts';
import { type Target, target } from '../target.ts';

const random = createRandom(1).bytes;
const identity = (byte: number): HandshakeOptions => {
  const privateKey = new Uint8Array(32).fill(byte);
  return { privateKey, publicKey: crypto.secp256k1.publicKey(privateKey), crypto, random };
};
const [us, them] = [identity(1), identity(2)];
const nonce = new Uint8Array(32).fill(9);
const ephemeralKey = new Uint8Array(32).fill(3);

/** The input is shorter than its packet: a socket would wait for more bytes. */
class EndOfInput extends Error {}

function wireOf(bytes: Uint8Array): HandshakeWire {
  let at = 0;
  const peek = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new EndOfInput();
    return bytes.subarray(at, at + length);
  };
  return {
    peek: async (length) => peek(length),
    async take(length) {
      const taken = peek(length);
      at += length;
      return taken;
    },
    write() {},
  };
}

/** The list that is encrypted in a packet to us, without the padding that follows it. */
function opened(packet: Uint8Array): Uint8Array {
  const body = decrypt(crypto, us.privateKey, packet.subarray(2), packet.subarray(0, 2));
  return decodePrefix(raw, body).value.slice();
}

/** Pads and encrypts a list that may be invalid in a packet. */
function sealPacket(list: Uint8Array): Uint8Array {
  const body = Buffer.concat([list, random(100)]);
  const size = body.length + 65 + 16 + 32;
  const prefix = Uint8Array.of(size >>> 8, size);
  return Buffer.concat([prefix, encrypt(crypto, random, us.publicKey, body, prefix)]);
}

const secrets = {
  aes: new Uint8Array(32).fill(1),
  mac: new Uint8Array(32).fill(2),
  egress: new Uint8Array(32).fill(3),
  ingress: new Uint8Array(32).fill(3),
};
const headerLength = 16;
const maxFrame = 1 << 16;

/** Plaintext frames: a header of 16 bytes and a body that is padded to a multiple of 16 bytes. */
const frames = [0, 1, 15, 16, 600].map((length) => {
  const size = 1 + length;
  const plain = new Uint8Array(headerLength + ((size + 15) & ~15));
  plain.set([size >>> 16, size >>> 8, size, 0xc2, 0x80, 0x80]);
  plain.fill(0x11, headerLength, headerLength + size);
  return plain;
});

/** Encrypts header and body without checking the length in the header, and appends a tag to each. */
function sealFrame(plain: Uint8Array): Uint8Array {
  const content = new Uint8Array(Math.max(headerLength, (plain.length + 15) & ~15));
  content.set(plain);
  new Ctr(secrets.aes).apply(content, 0, content.length, content, 0);
  const mac = new FrameMac(crypto, secrets.mac, secrets.egress);
  const header = content.subarray(0, headerLength);
  const body = content.subarray(headerLength);
  const headerTag = mac.header(header).slice(0, 16);
  mac.absorb(body);
  const bodyTag = mac.body().slice(0, 16);
  mac.close();
  return Buffer.concat([header, headerTag, body, bodyTag]);
}

function openFrames(bytes: Uint8Array): Frame[] {
  const decoder = new FrameDecoder(crypto, secrets, maxFrame);
  try {
    const cut = bytes.length >> 1;
    decoder.push(bytes.subarray(0, cut));
    decoder.push(bytes.subarray(cut));
    const found: Frame[] = [];
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) found.push(frame);
    return found;
  } finally {
    decoder.close();
  }
}

function sealAll(all: readonly Frame[]): Uint8Array {
  const encoder = new FrameEncoder(crypto, secrets);
  const lengths = all.map(({ code, payload }) => frameLength(code, payload.length));
  const out = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const [i, { code, payload }] of all.entries()) {
    encoder.encode(code, payload, out, at);
    at += lengths[i] ?? 0;
  }
  encoder.close();
  return out;
}

const payloads = [0, 1, 60, 61, 300, 3_000].map((length) =>
  Uint8Array.from({ length }, (_, i) => (i % 50 < 30 ? i % 7 : (i * 89) & 0xff)),
);

export const rlpxTargets: readonly Target[] = [
  target({
    name: 'rlpx auth',
    structure: 'rlp',
    corpus: [opened(sealAuth(us.publicKey, ephemeralKey, nonce, them))],
    seal: sealPacket,
    errors: [RlpxError, EndOfInput],
    decode: (input) => receiveAuth(wireOf(input), us),
  }),
  target({
    name: 'rlpx ack',
    structure: 'rlp',
    corpus: [opened(sealAck(us.publicKey, ephemeralKey, nonce, them))],
    seal: sealPacket,
    errors: [RlpxError, EndOfInput],
    decode: (input) => receiveAck(wireOf(input), us),
  }),
  target({
    name: 'rlpx frames',
    structure: 'bytes',
    corpus: frames,
    seal: sealFrame,
    errors: [RlpxError],
    decode: openFrames,
    encode: sealAll,
  }),
  target({
    name: 'rlpx snappy',
    structure: 'bytes',
    corpus: payloads.map(compress),
    errors: [RlpxError],
    decode: (input) => decompress(input, 1 << 16),
    encode: compress,
  }),
];
