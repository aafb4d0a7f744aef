/// <reference path="./snappyjs.d.ts" />
import { createRequire } from 'node:module';
import { compress as compressSmall } from 'snappyjs';
import { RlpxError } from '../error.ts';

/** Native binding: an optional dependency that some platforms lack. */
interface Native {
  compressSync(input: Uint8Array): Uint8Array;
  uncompressSync(input: Uint8Array, options: { asBuffer: true }): Uint8Array;
}

/** Below this length in bytes, a call into the binding costs more than it saves. */
const minNativeLength = 1024;

/** `undefined` before the first use, `null` when it cannot be loaded. */
let binding: Native | null | undefined;

function native(): Native | null {
  if (binding === undefined) {
    try {
      binding = createRequire(import.meta.url)('snappy') as Native;
    } catch {
      binding = null;
    }
  }
  return binding;
}

/** Compresses a payload (Snappy block format, EIP-706). */
export function compress(payload: Uint8Array): Uint8Array {
  const fast = payload.length < minNativeLength ? null : native();
  return fast === null ? compressSmall(payload) : fast.compressSync(payload);
}

/** Upper bound of the compressed length of a payload, from the format. */
export function maxCompressedLength(length: number): number {
  return 32 + length + Math.floor(length / 6);
}

/**
 * Decompresses a payload to at most `maxLength` bytes.
 *
 * @throws RlpxError `snappy` when the declared length exceeds that, which is checked before anything is allocated, or
 * differs from the decompressed length.
 */
export function decompress(input: Uint8Array, maxLength: number): Uint8Array {
  const { length, at } = readPreamble(input);
  if (length > maxLength) {
    throw new RlpxError('snappy', `payload declares ${length} bytes, more than ${maxLength}`);
  }
  // No element expands 3 bytes to more than 64, so a larger length is false.
  if (length * 3 > input.length * 64) {
    throw invalid(`payload of ${input.length} bytes cannot expand to the declared ${length}`);
  }
  const fast = length < minNativeLength ? null : native();
  if (fast !== null) {
    try {
      const output = fast.uncompressSync(input, { asBuffer: true });
      return new Uint8Array(output.buffer, output.byteOffset, output.length);
    } catch (cause) {
      throw invalid(lengthMismatch, cause);
    }
  }
  const output = new Uint8Array(length);
  expand(input, at, output);
  return output;
}

/** The declared length: a little-endian varint of at most 32 bits. */
function readPreamble(input: Uint8Array): { length: number; at: number } {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = input[at];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80 && length < 2 ** 32) return { length, at: at + 1 };
  }
  throw invalid('payload has no valid declared length');
}

/**
 * Decompresses into `output`, which must be filled exactly. `snappyjs` neither detects an output that stays short nor
 * stops when it is full.
 */
function expand(input: Uint8Array, start: number, output: Uint8Array): void {
  let at = start;
  let to = 0;
  while (at < input.length) {
    const tag = input[at++] as number;
    const kind = tag & 3;
    let length: number;
    let offset = 0;
    if (kind === 0) {
      length = (tag >>> 2) + 1;
      if (length > 60) {
        const bytes = length - 60;
        length = littleEndian(input, at, bytes) + 1;
        at += bytes;
      }
      if (length > input.length - at || length > output.length - to) throw invalid(lengthMismatch);
      copy(input, at, output, to, length);
      at += length;
    } else {
      if (kind === 1) {
        length = ((tag >>> 2) & 7) + 4;
        offset = ((tag >>> 5) << 8) | littleEndian(input, at, 1);
        at += 1;
      } else {
        const bytes = kind === 2 ? 2 : 4;
        length = (tag >>> 2) + 1;
        offset = littleEndian(input, at, bytes);
        at += bytes;
      }
      if (offset === 0 || offset > to || length > output.length - to) throw invalid(lengthMismatch);
      // Forward and byte by byte: a copy may overlap its own output.
      copy(output, to - offset, output, to, length);
    }
    to += length;
  }
  if (to !== output.length) throw invalid(lengthMismatch);
}

const lengthMismatch = 'payload differs from its declared length';

function copy(from: Uint8Array, start: number, output: Uint8Array, at: number, length: number): void {
  for (let i = 0; i < length; i++) output[at + i] = from[start + i] as number;
}

function littleEndian(input: Uint8Array, at: number, bytes: number): number {
  if (bytes > input.length - at) throw invalid(lengthMismatch);
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + (input[at + i] as number);
  return value;
}

function invalid(message: string, cause?: unknown): RlpxError {
  return new RlpxError('snappy', message, { cause });
}
