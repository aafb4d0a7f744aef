import { integer } from '@devp2p/options';
import { check } from './check-options.ts';
import type { Codec } from './codec.ts';
import { RlpError } from './error.ts';
import { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/**
 * Codec for one item of any shape as a view of its complete encoding, which is written unchanged. Checks only the prefix:
 * use {@link validate} for the content.
 */
export const raw: Codec<Uint8Array> = {
  read: (reader) => reader.item(),
  write(writer, value) {
    if (!(value instanceof Uint8Array)) throw new RlpError('invalid-value', 'value is not a Uint8Array');
    writer.copy(value);
  },
};

/**
 * Checks that the input is exactly one item and canonical at every depth. Time and memory are linear in the size of the
 * input, and there is no recursion.
 *
 * @throws {@link RlpError}
 */
export function validate(bytes: Uint8Array): void {
  const reader = new Reader(bytes);
  const outerEnds: number[] = [];
  do {
    if (reader.isList()) outerEnds.push(reader.enterList());
    else reader.skip();
    while (reader.done && outerEnds.length > 0) reader.leave(outerEnds.pop() as number);
  } while (outerEnds.length > 0);
  if (!reader.done) {
    const left = bytes.length - reader.position;
    throw new RlpError('trailing-bytes', `${left} bytes after the item`, reader.position);
  }
}

/** Any RLP item: a byte string, or a list of items. */
export type Tree = Uint8Array | Tree[];

/** Options of {@link tree}. */
export interface TreeOptions {
  /**
   * Limit of nested lists; deeper ones are `too-deep`. The codec is recursive, so this bounds its stack.
   * @default 64
   */
  readonly maxDepth?: number;
}

const rules = { maxDepth: integer(0) };

/**
 * Codec for items of any shape as nested arrays, for tools and tests: slower and larger than typed codecs.
 *
 * @throws {@link RlpError} `invalid-option`
 */
export function tree(options: TreeOptions = {}): Codec<Tree> {
  check.options('tree', options, rules);
  const { maxDepth = 64 } = options;
  return {
    read: (reader) => readTree(reader, maxDepth),
    write: (writer, value) => writeTree(writer, value, maxDepth),
  };
}

function readTree(reader: Reader, depth: number): Tree {
  if (!reader.isList()) return reader.string();
  if (depth === 0) throw new RlpError('too-deep', 'lists are nested too deeply', reader.position);
  const outerEnd = reader.enterList();
  const items: Tree[] = [];
  try {
    while (!reader.done) items.push(readTree(reader, depth - 1));
  } catch (error) {
    throw RlpError.within(error, items.length);
  }
  reader.leave(outerEnd);
  return items;
}

function writeTree(writer: Writer, value: Tree, depth: number): void {
  if (value instanceof Uint8Array) {
    writer.string(value);
    return;
  }
  if (!Array.isArray(value)) {
    throw new RlpError('invalid-value', 'value is neither a Uint8Array nor an array');
  }
  if (depth === 0) throw new RlpError('too-deep', 'lists are nested too deeply');
  const mark = writer.length;
  let index = value.length - 1;
  try {
    for (; index >= 0; index--) writeTree(writer, value[index] as Tree, depth - 1);
  } catch (error) {
    throw RlpError.within(error, index);
  }
  writer.wrapList(mark);
}
