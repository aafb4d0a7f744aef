/** Condition for a value. */
export interface Rule {
  /** Text for error messages: `a function`. */
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
  /** Whether `undefined` is invalid for a rule in {@link Rules}. @default false */
  readonly required?: boolean;
  /** Whether error messages omit the value. @default false */
  readonly secret?: boolean;
}

/** Rules by option name. */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule };

/** Returns the rule for an option without a default. */
export const required = (rule: Rule): Rule => ({ ...rule, required: true });

/** Returns the rule for a value that error messages must not contain, such as a private key. */
export const secret = (rule: Rule): Rule => ({ ...rule, secret: true });

/** Anything but `undefined`. */
export const any: Rule = { expected: 'a value', fits: (value) => value !== undefined };

export const boolean: Rule = {
  expected: 'true or false',
  fits: (value) => typeof value === 'boolean',
};

export const string: Rule = { expected: 'a string', fits: (value) => typeof value === 'string' };

export const func: Rule = {
  expected: 'a function',
  fits: (value) => typeof value === 'function',
};

export const object: Rule = {
  expected: 'an object',
  fits: (value) => typeof value === 'object' && value !== null,
};

export const array: Rule = { expected: 'an array', fits: Array.isArray };

/** A number above 0, `Infinity` included. */
export const positive: Rule = {
  expected: 'a positive number',
  fits: (value) => typeof value === 'number' && value > 0,
};

/** A number of at least 0, `Infinity` included. */
export const nonNegative: Rule = {
  expected: 'a number of at least 0',
  fits: (value) => typeof value === 'number' && value >= 0,
};

/** An integer, bounds included. */
export const integer = (min: number, max: number = Number.MAX_SAFE_INTEGER): Rule => ({
  expected: max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`,
  fits: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
});

/** An unsigned `bigint` of up to `bits` bits. */
export const uint = (bits: number): Rule => ({
  expected: `a bigint from 0n to 2n ** ${bits}n - 1n`,
  fits: (value) => typeof value === 'bigint' && value >= 0n && value >> BigInt(bits) === 0n,
});

/** @param length in bytes. @default any */
export const bytes = (length?: number): Rule => ({
  expected: length === undefined ? 'a Uint8Array' : `a Uint8Array of ${length} bytes`,
  fits: (value) => value instanceof Uint8Array && (length === undefined || value.length === length),
});

export const oneOf = (...values: readonly string[]): Rule => ({
  expected: values.map((value) => JSON.stringify(value)).join(' or '),
  fits: (value) => values.includes(value as string),
});

/** An object, or a function, with these methods. */
export const methods = (...names: readonly string[]): Rule => ({
  expected: `an object with the method${names.length > 1 ? 's' : ''} ${names.join(', ')}`,
  fits: (value) =>
    value !== undefined &&
    value !== null &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
});

export const abortSignal: Rule = {
  expected: 'an AbortSignal',
  fits: (value) => typeof value === 'object' && value !== null && 'aborted' in value && 'reason' in value,
};
