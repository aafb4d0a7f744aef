import { type Codec, decode, encode, list, type Reader, RlpError, raw } from '@devp2p/rlp';
import { plain, showAs } from './show-fields.ts';

/**
 * An RLP list whose elements stay encoded: one object and one array of offsets instead of an object for each element.
 * A node uses this form from the wire to the store and to tries.
 */
export class RawList implements Iterable<Uint8Array> {
  /** Complete encoding of the list. */
  readonly raw: Uint8Array;
  readonly length: number;
  /** Start and end of each element. */
  readonly #spans: readonly number[];

  /** @param spans start and end of each element within `raw` */
  constructor(raw: Uint8Array, spans: readonly number[]) {
    this.raw = raw;
    this.length = spans.length / 2;
    this.#spans = spans;
  }

  /**
   * Element as a view.
   *
   * @throws RangeError when the index is out of range.
   */
  at(index: number): Uint8Array {
    const start = this.#spans[2 * index];
    const end = this.#spans[2 * index + 1];
    if (start === undefined || end === undefined) throw new RangeError(`no element ${index}`);
    return this.raw.subarray(start, end);
  }

  *[Symbol.iterator](): Generator<Uint8Array, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  /** Makes a list of encoded items. */
  static of(items: readonly Uint8Array[]): RawList {
    return decode(rawList(), encode(list(raw), [...items]));
  }
}

showAs(
  RawList.prototype,
  (list) => plain([...list]),
  ({ length, raw }) => `RawList { length: ${length}, bytes: ${raw.length} }`,
);

/** Skips a list. Only its prefix is checked. */
export function skipList(reader: Reader): void {
  const length = reader.listHeader();
  reader.position += length;
}

/** Reads one element. @returns the start of its view, which ends at the position of the reader. */
export type ReadElement = (reader: Reader) => number;

const anyItem: ReadElement = (reader) => {
  const start = reader.position;
  reader.skip();
  return start;
};

/**
 * Codec of a {@link RawList}.
 *
 * @param element reads one element. @default any item, of which only the prefix is checked
 * @param max most elements. @default Infinity
 */
export function rawList(element: ReadElement = anyItem, max: number = Number.POSITIVE_INFINITY): Codec<RawList> {
  return {
    read(reader) {
      const start = reader.position;
      const outerEnd = reader.enterList();
      const spans: number[] = [];
      try {
        while (!reader.done && spans.length < 2 * max) {
          spans.push(element(reader) - start, reader.position - start);
        }
      } catch (error) {
        throw RlpError.within(error, spans.length / 2);
      }
      if (!reader.done) throw new RlpError('too-many-items', `more than ${max} items`, start);
      reader.leave(outerEnd);
      return new RawList(reader.bytes.subarray(start, reader.position), spans);
    },
    write(writer, value) {
      if (!(value instanceof RawList)) throw new RlpError('invalid-value', 'not a RawList');
      writer.copy(value.raw);
    },
  };
}
