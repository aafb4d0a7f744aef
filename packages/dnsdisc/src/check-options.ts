import { DnsdiscError } from './error.ts';

/** What an option has to be. */
export interface Rule {
  /** As an error says it. */
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
  /** @default false */
  readonly required?: boolean;
}

/** The rule of each option. */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule };

/**
 * Looks at options before anything is made of them: a misspelt name would be passed over, and a value of another type
 * show much later, as something else.
 *
 * @throws DnsdiscError `invalid-option` that names the option and its value
 */
export function checkOptions<Options>(call: string, options: Options, rules: Rules<Options>): void {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    refuse(`the options of ${call}`, given, 'an object');
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(rules, name)) continue;
    const known = Object.keys(rules).join(', ');
    throw new DnsdiscError(
      'invalid-option',
      `the options of ${call} have no "${name}": there are ${known}`,
    );
  }
  for (const [name, rule] of Object.entries<Rule>(rules)) {
    const value = (given as Record<string, unknown>)[name];
    if (value === undefined ? rule.required : !rule.fits(value)) refuse(name, value, rule.expected);
  }
}

/** @throws DnsdiscError `invalid-option` always */
function refuse(name: string, value: unknown, expected: string): never {
  throw new DnsdiscError('invalid-option', `${name} is ${show(value)}, expected ${expected}`);
}

/** The same for an option that has no default. */
export const required = (rule: Rule): Rule => ({ ...rule, required: true });

export const positive: Rule = {
  expected: 'a positive number',
  fits: (value) => typeof value === 'number' && value > 0,
};

/** A whole number. */
export const whole = (min: number, max: number = Number.MAX_SAFE_INTEGER): Rule => ({
  expected:
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${min}`
      : `a whole number of ${min} to ${max}`,
  fits: (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
});

export const bytes = (length: number): Rule => ({
  expected: `a Uint8Array of ${length} bytes`,
  fits: (value) => value instanceof Uint8Array && value.length === length,
});

export const func: Rule = {
  expected: 'a function',
  fits: (value) => typeof value === 'function',
};

/** An object with these methods. */
export const methods = (...names: readonly string[]): Rule => ({
  expected: `an object with the method${names.length > 1 ? 's' : ''} ${names.join(', ')}`,
  fits: (value) =>
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function'),
});

export const uint64: Rule = {
  expected: 'a bigint of 0n to 2n ** 64n - 1n',
  fits: (value) => typeof value === 'bigint' && value >= 0n && value < 1n << 64n,
};

export const array: Rule = { expected: 'an array', fits: Array.isArray };

/** A value as an error names it: short, whatever it is, and no secret. */
function show(value: unknown): string {
  if (value instanceof Uint8Array) return `a Uint8Array of ${value.length} bytes`;
  if (typeof value === 'bigint') return `${String(value).slice(0, 40)}n`;
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  }
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
