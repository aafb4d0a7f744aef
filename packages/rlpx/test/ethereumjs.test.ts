import { concatBytes } from '@devp2p/bytes';
// Handshakes with `@ethereumjs/devp2p`.

import { nobleCrypto } from '@devp2p/crypto';
import { randomBytes } from '@devp2p/random';
import { ECIES } from '@ethereumjs/devp2p';
import { describe, expect, test } from 'vitest';
import {
  acceptHandshake,
  FrameDecoder,
  FrameEncoder,
  frameLength,
  type HandshakeSecrets,
  type HandshakeWire,
  initiateHandshake,
} from '../src/index.ts';
import { newKey } from './raw.ts';

const [ourKey, theirKey] = [newKey(), newKey()];
const ourId = nobleCrypto.secp256k1.publicKey(ourKey);
const theirId = nobleCrypto.secp256k1.publicKey(theirKey);
const options = {
  privateKey: ourKey,
  publicKey: nobleCrypto.secp256k1.publicKey(ourKey),
  crypto: nobleCrypto,
  random: randomBytes,
};

/** The other implementation, set to expect packets with a size prefix. */
function other(): ECIES {
  const them = new ECIES(theirKey, theirId, ourId);
  return Object.assign(them, { _gotEIP8Auth: true, _gotEIP8Ack: true });
}

/** A wire that delivers `first`, and then the reply to each write. */
function wire(first: Uint8Array, reply: (bytes: Uint8Array) => Uint8Array): HandshakeWire {
  let held = first;
  const peek = async (length: number): Promise<Uint8Array> => {
    if (held.length < length) throw new Error('the wire has no more bytes');
    return held.subarray(0, length);
  };
  return {
    peek,
    async take(length) {
      const bytes = await peek(length);
      held = held.subarray(length);
      return bytes;
    },
    write(bytes) {
      held = concatBytes(held, reply(bytes));
    },
  };
}

function made(bytes: Uint8Array | undefined): Uint8Array {
  if (bytes === undefined) throw new Error('no bytes were made');
  return bytes;
}

function exchange(secrets: HandshakeSecrets, them: ECIES): void {
  const encoder = new FrameEncoder(nobleCrypto, secrets);
  const decoder = new FrameDecoder(nobleCrypto, secrets);
  for (const length of [0, 1, 15, 16, 300, 70_000]) {
    const payload = randomBytes(length);
    const frame = new Uint8Array(frameLength(0x12, length));
    encoder.encode(0x12, payload, frame, 0);
    expect(them.parseHeader(frame.slice(0, 32))).toBe(length + 1);
    const body = made(them.parseBody(frame.slice(32)));
    expect(Buffer.compare(body, concatBytes(Uint8Array.of(0x12), payload))).toBe(0);

    decoder.push(made(them.createBlockHeader(length + 1)));
    decoder.push(made(them.createBody(concatBytes(Uint8Array.of(0x34), payload))));
    const received = decoder.next();
    expect(received?.code).toBe(0x34);
    expect(Buffer.compare(received?.payload ?? new Uint8Array(), payload)).toBe(0);
  }
}

describe('@ethereumjs/devp2p', () => {
  test('RX-02 RX-06 is accepted when it dials with an EIP-8 auth', async () => {
    const them = other();
    const first = made(them.createAuthEIP8());
    const secrets = await acceptHandshake(
      wire(first, (ack) => {
        them.parseAckEIP8(ack);
        return new Uint8Array();
      }),
      options,
    );
    expect(secrets.remoteId).toEqual(theirId);
    exchange(secrets, them);
  });

  test('RX-02 is accepted when it dials with an auth from before EIP-8', async () => {
    const them = other();
    let first = made(them.createAuthNonEIP8());
    // It omits leading zeros of the signature: one packet in 85 is too short to be decoded.
    while (first.length < 307) first = made(them.createAuthNonEIP8());
    const secrets = await acceptHandshake(
      wire(first, (ack) => {
        them.parseAckEIP8(ack);
        return new Uint8Array();
      }),
      options,
    );
    expect(secrets.remoteId).toEqual(theirId);
    exchange(secrets, them);
  });

  test.each(['createAckEIP8', 'createAckOld'] as const)('RX-02 RX-06 accepts our auth, with %s', async (form) => {
    const them = other();
    const secrets = await initiateHandshake(
      wire(new Uint8Array(), (auth) => {
        them.parseAuthEIP8(auth);
        return made(them[form]());
      }),
      theirId,
      options,
    );
    exchange(secrets, them);
  });
});
