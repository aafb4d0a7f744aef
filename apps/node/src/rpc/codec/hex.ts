import * as v from 'valibot';

/** A value read from JSON, checked. */
export type Form<T> = v.GenericSchema<unknown, T>;

/** `DATA`: bytes as hex digits, lower case. */
export function toData(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}

/** `QUANTITY`: a number in hex without leading zeros. */
export function toQuantity(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** `DATA`, of exactly `length` bytes if given. */
export function data(length?: number): Form<Uint8Array> {
  const expected = `expected 0x and ${length === undefined ? 'an even number of' : 2 * length} hex digits`;
  return v.pipe(
    v.string(expected),
    v.check((text) => isData(text, length), expected),
    v.transform(bytesOf),
  );
}

function isData(text: string, length: number | undefined): boolean {
  if (!text.startsWith('0x') || text.length % 2 !== 0) return false;
  // One class, no groups: a transaction of 128 MiB would exhaust the stack of a pattern that repeats a group.
  return (length === undefined || text.length === 2 + 2 * length) && !/[^\da-f]/i.test(digits(text));
}

function digits(text: string): string {
  return text.slice(2);
}

function bytesOf(text: string): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.from(digits(text), 'hex');
  return new Uint8Array(buffer, byteOffset, length);
}

/** `QUANTITY` of up to the given number of bits, at most 512. */
export function quantity(bits: number): Form<bigint> {
  const expected = 'expected 0x and a number in hex without leading zeros';
  return v.pipe(
    v.string(expected),
    v.regex(/^0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,127})$/, expected),
    v.transform((text) => BigInt(text)),
    v.maxValue((1n << BigInt(bits)) - 1n, `expected at most ${bits} bits`),
  );
}

/** `QUANTITY` that stays below 2⁵³, as every gas, number and time does: a larger one is refused, never rounded. */
export const safeQuantity: Form<number> = v.pipe(
  quantity(64),
  v.maxValue(BigInt(Number.MAX_SAFE_INTEGER), 'expected less than 2^53'),
  v.transform(Number),
);

/** A parameter of a method. The returned function throws an `Error` that names the field and the expected form. */
export function parameter<T>(form: Form<T>): (value: unknown) => T {
  return (value) => {
    const result = v.safeParse(form, value, { abortEarly: true });
    if (result.success) return result.output;
    const [issue] = result.issues;
    const path = v.getDotPath(issue);
    throw new Error(path === null ? issue.message : `${path}: ${issue.message}`);
  };
}
