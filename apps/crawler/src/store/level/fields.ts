// Forms of fields that RLP has none for.
import { type Codec, list, map, struct, text, uint } from '@devp2p/rlp';

/** A value that may be absent, as a list of at most one. */
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

/** A struct, of which fields that are {@link maybe} are absent rather than `undefined`. */
export function sparse<F extends Record<string, Codec<unknown>>>(
  fields: F,
): Codec<Sparse<{ -readonly [K in keyof F]: F[K] extends Codec<infer T> ? T : never }>> {
  return map(
    struct(fields as Record<string, Codec<unknown>>),
    (value) =>
      Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never,
    (value) => value as Record<string, unknown>,
  );
}

/** One of a list of names, by its place in the list: names are added at the end only. */
export function oneOf<const Name extends string>(names: readonly Name[]): Codec<Name> {
  return map(
    uint(8),
    (index) => {
      const name = names[index];
      if (name === undefined) throw new Error(`no name has number ${index}`);
      return name;
    },
    (name) => names.indexOf(name),
  );
}

/** A number to `1 / perUnit`, from 0 on; others become the nearest that is one. */
export function rounded(perUnit: number): Codec<number> {
  return map(
    uint(53),
    (value) => value / perUnit,
    (value) => Math.min(Math.max(0, Math.round(value * perUnit)), Number.MAX_SAFE_INTEGER),
  );
}

/** Text that is cut at so many bytes, and has no half surrogates. */
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

/** A list whose end is left out where it is longer than `max`. */
export function few<T>(max: number, item: Codec<T>): Codec<readonly T[]> {
  return map(
    list(item, { max }),
    (items) => items,
    (items) => items.slice(0, max),
  );
}

export const yesOrNo: Codec<boolean> = map(
  uint(8),
  (value) => value === 1,
  (value) => (value ? 1 : 0),
);
