import { object, oneOf, type Rules } from '@devp2p/options';
import { check, codecRule } from './check-options.ts';
import type { Codec, Infer } from './codec.ts';
import { RlpError } from './error.ts';

/** A field of a struct's tail that may be missing, made by {@link optional}. */
export interface OptionalField<T> {
  readonly optional: Codec<T>;
}

/**
 * The fields of a struct in the order in which they are written. A name that is an integer would
 * be moved to the front, as in every JavaScript object.
 */
export type Fields = Readonly<Record<string, Codec<unknown> | OptionalField<unknown>>>;

/** What a struct of these fields holds: optional ones are properties that may be absent. */
export type StructOf<F extends Fields> = Simplify<
  { -readonly [K in keyof F as F[K] extends Codec<unknown> ? K : never]: Infer<F[K]> } & {
    -readonly [K in keyof F as F[K] extends Codec<unknown>
      ? never
      : K]?: F[K] extends OptionalField<infer T> ? T : never;
  }
>;

type Simplify<T> = { [K in keyof T]: T[K] };

/** Settings of {@link struct}. */
export interface StructOptions {
  /**
   * What to do about items behind the last field when decoding: `ignore` looks at no more of
   * them than their prefixes (EIP-8), `refuse` is `too-many-items`.
   * @default 'refuse'
   */
  readonly extra?: 'refuse' | 'ignore';
}

const rules: Rules<StructOptions> = { extra: oneOf('refuse', 'ignore') };

/**
 * A list with a fixed order of fields, as an object. The trailing fields may be
 * {@link optional}: the list may end before any of them, and then they are absent from the object.
 *
 * @throws RlpError `invalid-option`, also when a field that is not optional follows one that is.
 */
export function struct<const F extends Fields>(
  fields: F,
  options: StructOptions = {},
): Codec<StructOf<F>> {
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
      check.fail(`fields.${name}`, codec, 'an optional field, as it follows one');
    }
    codecs.push(codec);
    if (!isOptional) required++;
  }
  const blanks = Array.from({ length: names.length + 1 }, (_, count) =>
    blank(names.slice(0, count)),
  );
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
        // Absent fields are to be absent, and deleting them would turn the object into a hash table.
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
        throw new RlpError('invalid-value', 'not an object');
      }
      const values = valuesOf(value, names);
      const mark = writer.length;
      let index = codecs.length - 1;
      try {
        let present = false;
        for (; index >= 0; index--) {
          const field = values[index];
          if (field === undefined && index >= required) {
            if (present) throw new RlpError('optional-gap', 'absent before one that is present');
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

/** Lets a struct's list end before this field; the property is then absent. @throws RlpError `invalid-option` */
export function optional<T>(codec: Codec<T>): OptionalField<T> {
  check.value('codec', codec, codecRule);
  return { optional: codec };
}

/**
 * The properties of these names, in the names' order. Most objects have theirs in that order already:
 * walking through them costs a fraction of what looking up each name does, and only the names that
 * the walk did not come across are looked up.
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
 * An object that has these properties already. Clones of it stay in V8's fast form, because
 * JSON.parse made it; objects filled name by name become hash tables after a dozen names.
 */
function blank(names: readonly string[]): Record<string, unknown> {
  return JSON.parse(JSON.stringify(Object.fromEntries(names.map((name) => [name, null]))));
}
