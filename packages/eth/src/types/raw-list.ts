import { type Codec, decode, encode, list, type Reader, RlpError, raw } from '@devp2p/rlp';
import { plain, showAs } from './shown.ts';

/**
 * An RLP list whose elements stay encoded: one object and one table of offsets instead of an object per element.
 * Blocks pass through a node like this, from the wire to the store, to a trie and back.
 */
export class RawList implements Iterable<Uint8Array> {
  /** The list's complete encoding. */
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
   * One element as a view.
   *
   * @throws RangeError when there is no such element.
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

  /** A list of items that are encoded already. */
  static of(items: readonly Uint8Array[]): RawList {
    return decode(rawList(), encode(list(raw), [...items]));
  }
}

showAs(
  RawList.prototype,
  (list) => plain([...list]),
  ({ length, raw }) => `RawList { length: ${length}, bytes: ${raw.length} }`,
);

/** Moves over a list, of which only the prefix is checked. */
export function skipList(reader: Reader): void {
  const length = reader.listHeader();
  reader.position += length;
}

/** Reads one element and returns where its view begins; the view ends where the reader then stands. */
export type ReadElement = (reader: Reader) => number;

const anyItem: ReadElement = (reader) => {
  const start = reader.position;
  reader.skip();
  return start;
};

/**
 * @param element reads one element. @default any item, of which only the prefix is checked
 * @param max the most elements. @default Infinity
 */
export function rawList(
  element: ReadElement = anyItem,
  max: number = Number.POSITIVE_INFINITY,
): Codec<RawList> {
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
