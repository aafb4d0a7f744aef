import { concatBytes } from '@devp2p/bytes';
import { type Crypto, generatePrivateKey } from '@devp2p/crypto';
import { bytes, func, methods, type Rules, required, secret } from '@devp2p/options';
import type { RandomBytes } from '@devp2p/random';
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
import { xor } from './xor.ts';

/** Secrets of the frames of a connection, from the view of one side. */
export interface FrameSecrets {
  /** 32-byte key of both frame ciphers. */
  readonly aes: Uint8Array;
  /** 32-byte key of the frame MACs. */
  readonly mac: Uint8Array;
  /** Initial input of the MAC of sent frames. */
  readonly egress: Uint8Array;
  /** Initial input of the MAC of received frames. */
  readonly ingress: Uint8Array;
}

/** Result of a handshake: the authenticated remote and the secrets of the frames. */
export interface HandshakeSecrets extends FrameSecrets {
  /**
   * 64-byte public key of the remote: the dialed one, or the one of the auth. The first frame proves it, since the
   * secrets depend on an auth or ack that only the owner of this key can decrypt.
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

/** Rules of {@link FrameSecrets}. Errors do not show the values. */
export const secretsRules: Rules<FrameSecrets> = {
  aes: required(secret(bytes(32))),
  mac: required(secret(bytes(32))),
  egress: required(secret(bytes())),
  ingress: required(secret(bytes())),
};

/**
 * Runs the handshake on the dialing side.
 *
 * @param remoteId 64-byte public key of the dialed node
 * @throws RlpxError `handshake-failed`, `invalid-option`, and the errors of `wire`.
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
  const random = batched(options.random);
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
 * Runs the handshake on the accepting side. Nothing is written before an auth authenticates.
 *
 * @throws RlpxError `handshake-failed`, `invalid-option`, and the errors of `wire`.
 */
export async function acceptHandshake(wire: HandshakeWire, options: HandshakeOptions): Promise<HandshakeSecrets> {
  check.value('wire', wire, wireRule);
  check.fields('options', options, handshakeRules);
  const { crypto } = options;
  const auth = await receiveAuth(wire, options);

  const random = batched(options.random);
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

/** More than the random bytes of one side: two keys, nonce, initialization vector, padding and its length. */
const randomBatchLength = 512;

/** Returns pieces of one random batch, each once: a call of the system's generator costs more than its bytes. */
function batched(random: RandomBytes): RandomBytes {
  const batch = random(randomBatchLength);
  let used = 0;
  return (length) => {
    used += length;
    return used <= batch.length ? batch.subarray(used - length, used) : random(length);
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
  const nonces = inbound ? concatBytes(nonce, remoteNonce) : concatBytes(remoteNonce, nonce);
  const shared = crypto.keccak256(concatBytes(ephemeral, crypto.keccak256(nonces)));
  const aes = crypto.keccak256(concatBytes(ephemeral, shared));
  const mac = crypto.keccak256(concatBytes(ephemeral, aes));
  if (!agreed.onCurve) throw handshakeFailed('ack does not authenticate');
  return {
    aes,
    mac,
    egress: concatBytes(xor(mac, remoteNonce), sent),
    ingress: concatBytes(xor(mac, nonce), received),
  };
}
