import { type Crypto, generatePrivateKey, type RandomBytes } from '@devp2p/crypto';
import { bytes, func, methods, type Rules, required, secret } from '@devp2p/options';
import { concat, xor } from '../bytes.ts';
import { check } from '../check-options.ts';
import { handshakeFailed } from '../error.ts';
import { agree } from './ecies.ts';
import {
  type HandshakeOptions,
  type HandshakeWire,
  nonceLength,
  receiveAck,
  receiveAuth,
  sealAck,
  sealAuth,
} from './handshake-packet.ts';

/** What both sides of a connection share after the handshake, seen from one of them. */
export interface FrameSecrets {
  /** 32-byte key of both frame ciphers. */
  readonly aes: Uint8Array;
  /** 32-byte key of the frame MACs. */
  readonly mac: Uint8Array;
  /** What the MAC state of sent frames starts with. */
  readonly egress: Uint8Array;
  /** What the MAC state of received frames starts with. */
  readonly ingress: Uint8Array;
}

/** Result of a handshake: the authenticated remote and the secrets of the frames. */
export interface HandshakeSecrets extends FrameSecrets {
  /**
   * 64-byte public key of the other side: the one that was dialled, or the one that the auth was made with. The first
   * frame proves it, for the secrets hang on an auth or ack that only the holder of this key can read.
   */
  readonly remoteId: Uint8Array;
}

const wireRule = methods('peek', 'take', 'write');

const handshakeRules: Rules<HandshakeOptions> = {
  privateKey: required(secret(bytes(32))),
  publicKey: required(bytes(64)),
  crypto: required(methods('keccak256')),
  random: required(func),
};

/** The rules of {@link FrameSecrets}; errors must not show them. */
export const secretsRules: Rules<FrameSecrets> = {
  aes: required(secret(bytes(32))),
  mac: required(secret(bytes(32))),
  egress: required(secret(bytes())),
  ingress: required(secret(bytes())),
};

/**
 * The dialling side of the handshake.
 *
 * @param remoteId the 64-byte public key of the node that is dialled.
 * @throws RlpxError `handshake-failed`, `invalid-option`, and whatever `wire` rejects with.
 */
export async function initiateHandshake(
  wire: HandshakeWire,
  remoteId: Uint8Array,
  options: HandshakeOptions,
): Promise<HandshakeSecrets> {
  check.value('wire', wire, wireRule);
  check.value('remoteId', remoteId, bytes(64));
  check.fields('options', options, handshakeRules);
  const { crypto } = options;
  const random = drawOnce(options.random);
  const ephemeralKey = generatePrivateKey(random);
  const nonce = random(nonceLength);

  const auth = sealAuth(remoteId, ephemeralKey, nonce, { ...options, random });
  wire.write(auth);
  const ack = await receiveAck(wire, options);

  const secrets = deriveSecrets(crypto, {
    inbound: false,
    ephemeralKey,
    remoteEphemeralKey: ack.ephemeralKey,
    nonce,
    remoteNonce: ack.nonce,
    sent: auth,
    received: ack.packet,
  });
  return { remoteId, ...secrets };
}

/**
 * The answering side of the handshake. Nothing is written before an auth has authenticated.
 *
 * @throws RlpxError `handshake-failed`, `invalid-option`, and whatever `wire` rejects with.
 */
export async function acceptHandshake(
  wire: HandshakeWire,
  options: HandshakeOptions,
): Promise<HandshakeSecrets> {
  check.value('wire', wire, wireRule);
  check.fields('options', options, handshakeRules);
  const { crypto } = options;
  const auth = await receiveAuth(wire, options);

  const random = drawOnce(options.random);
  const ephemeralKey = generatePrivateKey(random);
  const nonce = random(nonceLength);
  const ack = sealAck(auth.remoteId, ephemeralKey, nonce, { ...options, random });
  const secrets = deriveSecrets(crypto, {
    inbound: true,
    ephemeralKey,
    remoteEphemeralKey: auth.ephemeralKey,
    nonce,
    remoteNonce: auth.nonce,
    sent: ack,
    received: auth.packet,
  });
  wire.write(ack);
  return { remoteId: auth.remoteId, ...secrets };
}

/** More than one side draws in a handshake: two keys, nonce, initialisation vector, padding and its length. */
const randomBatchLength = 512;

/** Hands out pieces of one draw, each once: a call of the system's generator takes longer than its bytes. */
function drawOnce(random: RandomBytes): RandomBytes {
  const drawn = random(randomBatchLength);
  let used = 0;
  return (length) => {
    used += length;
    return used <= drawn.length ? drawn.subarray(used - length, used) : random(length);
  };
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

function deriveSecrets(crypto: Crypto, exchange: Exchange): FrameSecrets {
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
