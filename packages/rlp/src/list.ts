import { check, codecRule, limitRule } from './check-options.ts';
import type { Codec } from './codec.ts';
import { RlpError } from './error.ts';

/** Options of {@link list}. */
export interface ListOptions {
  /**
   * Limit of items. A longer list is `too-many-items` before an item is read.
   * @default Infinity: only the size of the input is a limit, and one byte may become one value
   */
  readonly max?: number;
}

const rules = { max: limitRule };

/** Codec for arrays as lists of items of one kind. @throws {@link RlpError} `invalid-option` */
export function list<T>(item: Codec<T>, options: ListOptions = {}): Codec<T[]> {
  check.value('item', item, codecRule);
  check.options('list', options, rules);
  const { max = Number.POSITIVE_INFINITY } = options;
  return {
    read(reader) {
      const start = reader.position;
      const outerEnd = reader.enterList();
      const values: T[] = [];
      let index = 0;
      let fits = true;
      try {
        // An item takes at least one byte, so only a list of more bytes can have too many items.
        if (reader.end - reader.position > max) {
          const first = reader.position;
          for (; index < max && !reader.done; index++) reader.skip();
          fits = reader.done;
          reader.position = first;
          index = 0;
        }
        for (; fits && !reader.done; index++) values.push(item.read(reader));
      } catch (error) {
        throw RlpError.within(error, index);
      }
      if (!fits) throw new RlpError('too-many-items', `list has more than ${max} items`, start);
      reader.leave(outerEnd);
      return values;
    },
    write(writer, values) {
      if (!Array.isArray(values)) throw new RlpError('invalid-value', 'value is not an array');
      if (values.length > max) {
        throw new RlpError('too-many-items', `list has ${values.length} items, more than ${max}`);
      }
      const mark = writer.length;
      let index = values.length - 1;
      try {
        for (; index >= 0; index--) item.write(writer, values[index] as T);
      } catch (error) {
        throw RlpError.within(error, index);
      }
      writer.wrapList(mark);
    },
  };
}
