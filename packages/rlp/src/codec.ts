import { RlpError } from './error.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/**
 * How values of one type are written as one RLP item and read back.
 *
 * Codecs of your own are objects with these two methods: `read` takes exactly one item from the
 * reader, `write` puts exactly one item in front of what the writer holds. Both throw
 * {@link RlpError} for what they refuse.
 */
export interface Codec<T> {
  read(reader: Reader): T;
  write(writer: Writer, value: T): void;
}

/** The type of a codec's values. */
export type Infer<C> = C extends Codec<infer T> ? T : never;

/** What is kept of an encoder's buffer between two calls, at most. */
const keptCapacity = 1 << 20;

let spare: Writer | undefined;

/**
 * Encodes one value. The result is the caller's own.
 *
 * @throws RlpError with the `path` of a value that the codec refuses.
 */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  // Taken away while in use: a map's function may encode, too.
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
 * Decodes an input that is exactly one item. Byte strings in the result are views of `bytes`:
 * copy those that are to outlive it.
 *
 * @throws RlpError with `offset` and `path` of what was refused; `trailing-bytes` when something
 * follows the item.
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const { value, length } = decodePrefix(codec, bytes);
  if (length < bytes.length) {
    throw new RlpError('trailing-bytes', `${bytes.length - length} bytes behind the item`, length);
  }
  return value;
}

/**
 * Decodes the item that the input begins with and tells its length in bytes; what follows is not
 * looked at (EIP-8, or a file of many items).
 *
 * @throws RlpError as {@link decode} does.
 */
export function decodePrefix<T>(codec: Codec<T>, bytes: Uint8Array): { value: T; length: number } {
  const reader = new Reader(bytes);
  const value = codec.read(reader);
  return { value, length: reader.position };
}
