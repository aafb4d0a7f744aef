import { type Codec, decodePrefix, encode, RlpError, uint } from '@devp2p/rlp';
import { RlpxError } from '../error.ts';

/** Largest message code. Protocols in use are far below. */
export const maxMessageCode: number = 2 ** 32 - 1;

const codec: Codec<number> = uint(32);

/** The RLP integer 0. */
const encodedZero = 0x80;

/** Length of a message code at the start of a frame's body, in bytes. */
export function messageCodeLength(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x100) return 2;
  return encode(codec, code).length;
}

export function writeMessageCode(code: number, out: Uint8Array, at: number): void {
  // Codes from 1 to 127 are their own encoding.
  if (code > 0 && code < 0x80) out[at] = code;
  else out.set(encode(codec, code), at);
}

/**
 * Reads the code at the start of a body. It is canonical, so `messageCodeLength` is its length.
 *
 * @throws RlpxError `malformed-frame`
 */
export function readMessageCode(body: Uint8Array): number {
  const first = body[0];
  if (first === encodedZero) return 0;
  if (first !== undefined && first > 0 && first < encodedZero) return first;
  try {
    return decodePrefix(codec, body).value;
  } catch (cause) {
    if (!(cause instanceof RlpError)) throw cause;
    throw new RlpxError('malformed-frame', 'frame does not start with a message code', { cause });
  }
}
