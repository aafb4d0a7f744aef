import type { Crypto } from '@devp2p/crypto';
import { check } from '../check-options.ts';
import { type FrameSecrets, secretsRules } from '../handshake/handshake.ts';
import { Ctr } from './ctr.ts';
import { FrameMac, headerLength, paddedLength, taggedHeaderLength, tagLength } from './frame.ts';
import { messageCodeLength, writeMessageCode } from './message-code.ts';

/** Capability id and context id, which are unused: the RLP list `[0, 0]`. */
const headerData = [0xc2, 0x80, 0x80] as const;

/** Encodes messages as encrypted and authenticated frames. Holds a keccak state until {@link close}. */
export class FrameEncoder {
  readonly #ctr: Ctr;
  readonly #mac: FrameMac;

  /** @throws RlpxError `invalid-option` */
  constructor(crypto: Crypto, secrets: FrameSecrets) {
    check.fields('secrets', secrets, secretsRules);
    this.#ctr = new Ctr(secrets.aes);
    this.#mac = new FrameMac(crypto, secrets.mac, secrets.egress);
  }

  /**
   * Writes one frame of `frameLength(code, payload.length)` bytes to `out` at `at`, where `out` must be zero.
   * The MAC depends on the order of frames: every encoded frame must be sent, in order.
   */
  encode(code: number, payload: Uint8Array, out: Uint8Array, at: number): void {
    const codeLength = messageCodeLength(code);
    const size = codeLength + payload.length;
    const bodyAt = at + taggedHeaderLength;
    const tagAt = bodyAt + paddedLength(size);

    // One call encrypts header and body side by side. Then the header moves, to make room for its tag.
    const headerAt = bodyAt - headerLength;
    out[headerAt] = size >>> 16;
    out[headerAt + 1] = size >>> 8;
    out[headerAt + 2] = size;
    out.set(headerData, headerAt + 3);
    writeMessageCode(code, out, bodyAt);
    out.set(payload, bodyAt + codeLength);
    this.#ctr.apply(out, headerAt, tagAt, out, headerAt);
    out.copyWithin(at, headerAt, bodyAt);

    copyTag(this.#mac.header(out.subarray(at, headerAt)), out, headerAt);
    this.#mac.absorb(out.subarray(bodyAt, tagAt));
    copyTag(this.#mac.body(), out, tagAt);
  }

  close(): void {
    this.#mac.close();
  }
}

function copyTag(tag: Uint8Array, out: Uint8Array, at: number): void {
  for (let i = 0; i < tagLength; i++) out[at + i] = tag[i] as number;
}
