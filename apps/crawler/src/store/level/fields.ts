// Codecs of fields without a form in RLP.
import { type Codec, list, map, struct, text, uint } from '@devp2p/rlp';

/** An optional value, as a list of at most one item. */
export function maybe<T>(codec: Codec<T>): Codec<T | undefined> {
  return map(
    list(codec, { max: 1 }),
    (items) => items[0],
    (value) => (value === undefined ? [] : [value]),
  );
}

type Undefinable<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];
type Sparse<T> = { [K in Exclude<keyof T, Undefinable<T>>]: T[K] } & {
  [K in Undefinable<T>]?: Exclude<T[K], undefined>;
};

/** A struct in which absent {@link maybe} fields are missing rather than `undefined`. */
export function sparse<F extends Record<string, Codec<unknown>>>(
  fields: F,
): Codec<Sparse<{ -readonly [K in keyof F]: F[K] extends Codec<infer T> ? T : never }>> {
  return map(
    struct(fields as Record<string, Codec<unknown>>),
    (value) => Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never,
    (value) => value as Record<string, unknown>,
  );
}

/** One of a list of names, as its index: new names must be appended. */
export function oneOf<const Name extends string>(names: readonly Name[]): Codec<Name> {
  return map(
    uint(8),
    (index) => {
      const name = names[index];
      if (name === undefined) throw new Error(`no name with index ${index}`);
      return name;
    },
    (name) => names.indexOf(name),
  );
}

/** A number from 0 on, rounded to a multiple of `1 / perUnit`. */
export function rounded(perUnit: number): Codec<number> {
  return map(
    uint(53),
    (value) => value / perUnit,
    (value) => Math.min(Math.max(0, Math.round(value * perUnit)), Number.MAX_SAFE_INTEGER),
  );
}

/** Text, cut to `maxBytes` bytes, with lone surrogates replaced. */
export function cut(maxBytes: number): Codec<string> {
  return map(
    text(maxBytes),
    (value) => value,
    (value) => {
      const whole = value.slice(0, maxBytes).replaceAll(/\p{Surrogate}/gu, '\ufffd');
      return Buffer.byteLength(whole) <= maxBytes
        ? whole
        : whole.slice(0, Math.floor(maxBytes / 3)).replace(/\p{Surrogate}$/u, '');
    },
  );
}

/** A list, cut to `max` items. */
export function truncated<T>(max: number, item: Codec<T>): Codec<readonly T[]> {
  return map(
    list(item, { max }),
    (items) => items,
    (items) => items.slice(0, max),
  );
}

export const flag: Codec<boolean> = map(
  uint(8),
  (value) => value === 1,
  (value) => (value ? 1 : 0),
);
