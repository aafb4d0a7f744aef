import { readFixture } from '../fixtures/files.ts';
import type { Case } from './serve.ts';

/** Both directions of one kind of value. */
export interface Form<T> {
  decode(encoded: Uint8Array): T;
  encode(value: T): Uint8Array;
  /** Something of every item, so that none can be left out: has to come out the same each time. */
  sum(value: T): number;
}

/** Counts decoded bytes. */
export function decoding<T>(folder: string, file: string, form: Form<T>): Case {
  return () => {
    const { value, encoded } = roundTrip(folder, file, form);
    const want = form.sum(value);
    return (over) => {
      let count = 0;
      while (!over()) {
        const sum = form.sum(form.decode(encoded));
        if (sum !== want) throw new Error(`sum is ${sum}, not ${want}`);
        count += encoded.length;
      }
      return count;
    };
  };
}

/** Counts encoded bytes. */
export function encoding<T>(folder: string, file: string, form: Form<T>): Case {
  return () => {
    const { value, encoded: want } = roundTrip(folder, file, form);
    return (over) => {
      let count = 0;
      while (!over()) {
        const { length } = form.encode(value);
        if (length !== want.length) throw new Error(`${length} bytes, not ${want.length}`);
        count += length;
      }
      return count;
    };
  };
}

/** Shows that both directions lose nothing. */
function roundTrip<T>(
  folder: string,
  file: string,
  { decode, encode }: Form<T>,
): { value: T; encoded: Uint8Array } {
  const encoded = readFixture(folder, file);
  const value = decode(encoded);
  if (Buffer.compare(encode(value), encoded) !== 0) {
    throw new Error(`${file} does not come out as it went in`);
  }
  return { value, encoded };
}
