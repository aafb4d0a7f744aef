import { readFixture } from '../fixtures/files.ts';
import type { Case } from './serve.ts';

/** Encoding and decoding of one kind of value. */
export interface Form<T> {
  decode(encoded: Uint8Array): T;
  encode(value: T): Uint8Array;
  /** A sum over every item, so that no item can be skipped; has to be the same each time. */
  sum(value: T): number;
}

/** Creates a case that counts decoded bytes. */
export function decoding<T>(folder: string, file: string, form: Form<T>): Case {
  return () => {
    const { value, encoded } = roundTrip(folder, file, form);
    const expected = form.sum(value);
    return (over) => {
      let count = 0;
      while (!over()) {
        const sum = form.sum(form.decode(encoded));
        if (sum !== expected) throw new Error(`sum is ${sum}, expected ${expected}`);
        count += encoded.length;
      }
      return count;
    };
  };
}

/** Creates a case that counts encoded bytes. */
export function encoding<T>(folder: string, file: string, form: Form<T>): Case {
  return () => {
    const { value, encoded: expected } = roundTrip(folder, file, form);
    return (over) => {
      let count = 0;
      while (!over()) {
        const { length } = form.encode(value);
        if (length !== expected.length) throw new Error(`${length} bytes, expected ${expected.length}`);
        count += length;
      }
      return count;
    };
  };
}

/** Checks that encoding the decoded value returns the input. */
function roundTrip<T>(folder: string, file: string, { decode, encode }: Form<T>): { value: T; encoded: Uint8Array } {
  const encoded = readFixture(folder, file);
  const value = decode(encoded);
  if (Buffer.compare(encode(value), encoded) !== 0) {
    throw new Error(`${file} changes in a round trip`);
  }
  return { value, encoded };
}
