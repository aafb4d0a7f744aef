import { RlpError } from './error.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/**
 * Encodes values of one type as one RLP item, and decodes them.
 *
 * A custom codec is an object with these two methods: `read` reads exactly one item, `write` writes exactly one item in
 * front of the content of the writer. Both throw an {@link RlpError} for invalid input.
 */
export interface Codec<T> {
  read(reader: Reader): T;
  write(writer: Writer, value: T): void;
}

/** Type of the values of a codec. */
export type Infer<C> = C extends Codec<infer T> ? T : never;

/** Largest buffer that is kept between two calls, in bytes. */
const keptCapacity = 1 << 20;

let spare: Writer | undefined;

/**
 * Encodes a value into a new array.
 *
 * @throws {@link RlpError} with the `path` of an invalid value
 */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  // Not shared while in use: the function of a map may call encode as well.
  const writer = spare ?? new Writer();
  spare = undefined;
  codec.write(writer, value);
  const bytes = writer.finish();
  if (writer.capacity <= keptCapacity) {
    writer.reset();
    spare = writer;
  }
  return bytes;
}

/**
 * Decodes an input of exactly one item. Byte strings in the result are views of `bytes`: copy those that you keep.
 *
 * @throws {@link RlpError} with `offset` and `path` of the invalid item; `trailing-bytes` if bytes follow the item
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const { value, length } = decodePrefix(codec, bytes);
  if (length < bytes.length) {
    throw new RlpError('trailing-bytes', `${bytes.length - length} bytes after the item`, length);
  }
  return value;
}

/**
 * Decodes the first item of the input, and returns its value and length in bytes. Ignores bytes after it (EIP-8, or a file
 * of many items).
 *
 * @throws {@link RlpError} as {@link decode}
 */
export function decodePrefix<T>(codec: Codec<T>, bytes: Uint8Array): { value: T; length: number } {
  const reader = new Reader(bytes);
  const value = codec.read(reader);
  return { value, length: reader.position };
}
