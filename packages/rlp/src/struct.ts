import { object, oneOf, type Rules } from '@devp2p/options';
import { check, codecRule } from './check-options.ts';
import type { Codec, Infer } from './codec.ts';
import { RlpError } from './error.ts';

/** Field at the end of a struct that may be absent. Created by {@link optional}. */
export interface OptionalField<T> {
  readonly optional: Codec<T>;
}

/**
 * Fields of a struct in the order of their encoding. JavaScript objects move names that are integers to the front.
 */
export type Fields = Readonly<Record<string, Codec<unknown> | OptionalField<unknown>>>;

/** Type of the values of a struct. Optional fields are properties that may be absent. */
export type StructOf<F extends Fields> = Simplify<
  { -readonly [K in keyof F as F[K] extends Codec<unknown> ? K : never]: Infer<F[K]> } & {
    -readonly [K in keyof F as F[K] extends Codec<unknown> ? never : K]?: F[K] extends OptionalField<infer T>
      ? T
      : never;
  }
>;

type Simplify<T> = { [K in keyof T]: T[K] };

/** Options of {@link struct}. */
export interface StructOptions {
  /**
   * Handling of items after the last field when decoding: `ignore` checks only their prefixes (EIP-8), `refuse` throws
   * `too-many-items`.
   * @default 'refuse'
   */
  readonly extra?: 'refuse' | 'ignore';
}

const rules: Rules<StructOptions> = { extra: oneOf('refuse', 'ignore') };

/**
 * Codec for objects as lists with a fixed order of fields. Trailing fields may be {@link optional}: the list may end before
 * any of them, and then they are absent from the object.
 *
 * @throws {@link RlpError} `invalid-option`, also if a field that is not optional follows an optional one
 */
export function struct<const F extends Fields>(fields: F, options: StructOptions = {}): Codec<StructOf<F>> {
  check.value('fields', fields, object);
  check.options('struct', options, rules);
  const names = Object.keys(fields);
  const codecs: Codec<unknown>[] = [];
  let required = 0;
  for (const [name, field] of Object.entries(fields)) {
    check.value(`fields.${name}`, field, object);
    const isOptional = 'optional' in field;
    const codec = isOptional ? field.optional : field;
    check.value(`fields.${name}`, codec, codecRule);
    if (!isOptional && codecs.length > required) {
      check.fail(`fields.${name}`, codec, 'an optional field after an optional field');
    }
    codecs.push(codec);
    if (!isOptional) required++;
  }
  const blanks = Array.from({ length: names.length + 1 }, (_, count) => blank(names.slice(0, count)));
  const ignoreExtra = options.extra === 'ignore';

  return {
    read(reader) {
      const outerEnd = reader.enterList();
      let value = { ...blanks[names.length] };
      let index = 0;
      try {
        for (; index < codecs.length; index++) {
          if (index >= required && reader.done) break;
          value[names[index] as string] = (codecs[index] as Codec<unknown>).read(reader);
        }
      } catch (error) {
        throw RlpError.within(error, names[index] as string);
      }
      if (index < names.length) {
        // Deleting the absent fields would turn the object into a hash table.
        const shorter = { ...blanks[index] };
        for (const name of names.slice(0, index)) shorter[name] = value[name];
        value = shorter;
      }
      if (ignoreExtra) while (!reader.done) reader.skip();
      reader.leave(outerEnd);
      return value as StructOf<F>;
    },
    write(writer, value) {
      if (typeof value !== 'object' || value === null) {
        throw new RlpError('invalid-value', 'value is not an object');
      }
      const values = valuesOf(value, names);
      const mark = writer.length;
      let index = codecs.length - 1;
      try {
        let present = false;
        for (; index >= 0; index--) {
          const field = values[index];
          if (field === undefined && index >= required) {
            if (present) throw new RlpError('optional-gap', 'field is absent before a present field');
            continue;
          }
          present = true;
          (codecs[index] as Codec<unknown>).write(writer, field);
        }
      } catch (error) {
        throw RlpError.within(error, names[index] as string);
      }
      writer.wrapList(mark);
    },
  };
}

/** Marks a field that may be absent from the end of a struct. @throws {@link RlpError} `invalid-option` */
export function optional<T>(codec: Codec<T>): OptionalField<T> {
  check.value('codec', codec, codecRule);
  return { optional: codec };
}

/**
 * Returns the properties in the order of `names`. Most objects have them in that order already, and iteration is much
 * faster than a lookup of each name, so only names that the iteration did not find in order are looked up.
 */
function valuesOf(object: object, names: readonly string[]): unknown[] {
  const properties = object as Record<string, unknown>;
  const values = new Array<unknown>(names.length);
  let count = 0;
  let wanted = names[0];
  for (const name in properties) {
    if (name !== wanted) continue;
    values[count] = properties[name];
    wanted = names[++count];
  }
  for (; count < names.length; count++) values[count] = properties[names[count] as string];
  return values;
}

/**
 * Creates an object with these properties. V8 keeps clones of objects from JSON.parse in their fast form, while objects
 * filled property by property become hash tables after a dozen names.
 */
function blank(names: readonly string[]): Record<string, unknown> {
  return JSON.parse(JSON.stringify(Object.fromEntries(names.map((name) => [name, null]))));
}
