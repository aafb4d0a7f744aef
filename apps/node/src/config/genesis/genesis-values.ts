// Schemas of the values of a genesis.json, which accept the same forms as go-ethereum's JSON types.
import { fromHex } from '@devp2p/bytes';
import * as v from 'valibot';
import { JsonNumber } from './json-text.ts';

/** A schema for a value of a JSON text. */
export type Form<T> = v.GenericSchema<unknown, T>;

const maxNumber = BigInt(Number.MAX_SAFE_INTEGER);

/** An integer of any size, and the characters that are allowed before its digits. */
interface NumberForm {
  readonly decimal: RegExp;
  readonly hex: RegExp;
  /** Whether `""` is 0. */
  readonly emptyIsZero: boolean;
}

/** `math.HexOrDecimal64`: a number, or a text in decimal or hex with any leading zeros. */
const unsigned: NumberForm = {
  decimal: /^\d{1,1000}$/,
  hex: /^0[xX][0-9a-fA-F]{1,1000}$/,
  emptyIsZero: true,
};
/** `math.HexOrDecimal256`, which accepts a sign too. */
const signed: NumberForm = {
  decimal: /^[+-]?\d{1,1000}$/,
  hex: /^0[xX][+-]?[0-9a-fA-F]{1,1000}$/,
  emptyIsZero: true,
};
/** Numbers of `config`: go-ethereum does not accept text there, other clients do. `""` would be a fork at genesis. */
const inConfig: NumberForm = { ...unsigned, emptyIsZero: false };

function integer({ decimal, hex, emptyIsZero }: NumberForm): Form<bigint> {
  const isHex = (text: string): boolean => hex.test(text);
  const isInteger = (text: string): boolean => decimal.test(text) || isHex(text) || (emptyIsZero && text === '');
  return v.pipe(
    v.custom<JsonNumber | string>(
      (input) => isInteger(textOf(input)),
      'expected a whole number, or one as text in decimal or 0x-hex',
    ),
    v.transform((input) => {
      const text = textOf(input);
      const magnitude = BigInt(text.replace(/[+-]/, ''));
      return text.includes('-') ? -magnitude : magnitude;
    }),
    v.minValue(0n, 'expected 0 or more'),
  );
}

/** The digits of a number or a text; other values are not integers. */
function textOf(input: unknown): string {
  if (input instanceof JsonNumber) return input.text;
  return typeof input === 'string' ? input : '-';
}

function ofBits(form: NumberForm, bits: number): Form<bigint> {
  return v.pipe(integer(form), v.maxValue((1n << BigInt(bits)) - 1n, `expected at most ${bits} bits`));
}

/** Of at most 64 bits: a `bigint` from 2^53 on. */
function exact(form: NumberForm): Form<number | bigint> {
  return v.pipe(
    ofBits(form, 64),
    v.transform((value) => (value > maxNumber ? value : Number(value))),
  );
}

function safe(form: NumberForm, max: bigint, message: string): Form<number> {
  return v.pipe(ofBits(form, 64), v.maxValue(max, message), v.transform(Number));
}

export const uint64: Form<bigint> = ofBits(unsigned, 64);
export const uint256: Form<bigint> = ofBits(signed, 256);
export const exactUint64: Form<number | bigint> = exact(unsigned);
export const safeUint64: Form<number> = safe(unsigned, maxNumber, 'expected less than 2^53');
export const configInteger: Form<bigint> = integer(inConfig);
export const configUint64: Form<bigint> = ofBits(inConfig, 64);
export const configPoint: Form<number | bigint> = exact(inConfig);
export const configUint53: Form<number> = safe(inConfig, maxNumber, 'expected less than 2^53');
export const configUint32: Form<number> = safe(inConfig, 0xffff_ffffn, 'expected at most 4294967295');

function hex(pattern: RegExp, message: string): Form<Uint8Array> {
  return v.pipe(
    v.string(message),
    v.regex(pattern, message),
    v.transform((text) => fromHex(text.replace(/^0[xX]/, ''))),
  );
}

/** `hexutil.Bytes`; `""` means `0x`. */
export const data: Form<Uint8Array> = hex(
  /^(?:0[xX](?:[0-9a-fA-F]{2})*)?$/,
  'expected 0x and an even number of hex digits',
);
/** `common.Hash`; the prefix is optional, which go-ethereum allows for account addresses only. */
export const hash: Form<Uint8Array> = hex(/^(?:0[xX])?[0-9a-fA-F]{64}$/, 'expected 64 hex digits');
export const address: Form<Uint8Array> = hex(/^(?:0[xX])?[0-9a-fA-F]{40}$/, 'expected 40 hex digits');

/** A storage key or value, padded on the left to 32 bytes. */
export const slot: Form<Uint8Array> = v.pipe(
  hex(/^(?:0x)?(?:[0-9a-fA-F]{2}){0,32}$/, 'expected an even number of hex digits for up to 32 bytes'),
  v.transform((bytes) => {
    const padded = new Uint8Array(32);
    padded.set(bytes, 32 - bytes.length);
    return padded;
  }),
);

const expectedObject = 'expected an object';

function isObject(input: unknown): input is ReadonlyMap<string, unknown> {
  return input instanceof Map;
}

/**
 * An object whose names are matched without case, as by go-ethereum's JSON reader: the last of equal names counts,
 * `null`
 * means absent, and unknown names are ignored.
 */
export function loose<const E extends v.ObjectEntries>(entries: E): Form<v.InferOutput<v.ObjectSchema<E, undefined>>> {
  const names = new Map(Object.keys(entries).map((name) => [name.toLowerCase(), name]));
  return v.pipe(
    v.custom<ReadonlyMap<string, unknown>>(isObject, expectedObject),
    v.transform((input) => {
      // A missing field has an entry too, so that its schema reports the expected value.
      const output: Record<string, unknown> = {};
      for (const name of names.values()) output[name] = undefined;
      for (const [key, value] of input) {
        const name = names.get(key.toLowerCase());
        if (name !== undefined) output[name] = value ?? undefined;
      }
      return output;
    }),
    v.object(entries, expectedObject),
  );
}

/** An object with keys of one form, as a list of pairs in the order of the text. */
export function pairs<T>(
  key: Form<Uint8Array>,
  value: Form<T>,
): Form<readonly (readonly [key: Uint8Array, value: T])[]> {
  return v.pipe(
    v.custom<ReadonlyMap<string, unknown>>(isObject, expectedObject),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const output: [Uint8Array, T][] = [];
      for (const [name, content] of dataset.value) {
        const path = { type: 'unknown', origin: 'value', input: dataset.value, key: name } as const;
        const parsedKey = v.safeParse(key, name);
        if (!parsedKey.success) {
          const [{ message }] = parsedKey.issues;
          addIssue({ message, input: name, path: [{ ...path, value: name }] });
          return NEVER;
        }
        const parsed = v.safeParse(value, content, { abortEarly: true });
        if (!parsed.success) {
          const [{ message, input, path: within = [] }] = parsed.issues;
          addIssue({ message, input, path: [{ ...path, value: content }, ...within] });
          return NEVER;
        }
        output.push([parsedKey.output, parsed.output]);
      }
      return output;
    }),
  );
}
