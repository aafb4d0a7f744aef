import { EthError, type EthErrorCode } from './error.ts';

/**
 * Checks of what a caller passes, before anything is made of it: a wrong type would otherwise show much later, as a peer
 * that is over. Each names the thing and its value.
 */
class Check {
  readonly #code: EthErrorCode;

  /** @param code of the errors that are thrown */
  constructor(code: 'invalid-option' | 'invalid-request') {
    this.#code = code;
  }

  /** @throws EthError always */
  fail(name: string, value: unknown, expected: string): never {
    throw new EthError(this.#code, `${name} is ${show(value)}, expected ${expected}`);
  }

  /** An object, of which every property is one of the known ones. */
  object(name: string, value: unknown, known?: readonly string[]): void {
    if (typeof value !== 'object' || value === null) this.fail(name, value, 'an object');
    const unknown = known && Object.keys(value).find((key) => !known.includes(key));
    if (unknown !== undefined) {
      const hint = `there are ${known?.join(', ')}`;
      throw new EthError(this.#code, `${name} have no "${unknown}": ${hint}`);
    }
  }

  integer(name: string, value: unknown, min: number, max: number): void {
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
    const top = max === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : String(max);
    this.fail(name, value, `an integer of ${min} to ${top}`);
  }

  /** An unsigned integer of 64 bits. */
  uint64(name: string, value: unknown): void {
    if (typeof value === 'bigint' && value >= 0n && value < 1n << 64n) return;
    this.fail(name, value, 'a bigint of 0n to 2n ** 64n - 1n');
  }

  /** @param length in bytes. @default any */
  bytes(name: string, value: unknown, length?: number): void {
    if (value instanceof Uint8Array && (length === undefined || value.length === length)) return;
    this.fail(name, value, `a Uint8Array${length === undefined ? '' : ` of ${length} bytes`}`);
  }

  function(name: string, value: unknown): void {
    if (typeof value !== 'function') this.fail(name, value, 'a function');
  }

  methods(name: string, value: unknown, methods: readonly string[]): void {
    this.object(name, value);
    for (const method of methods) {
      this.function(`${name}.${method}`, (value as Record<string, unknown>)[method]);
    }
  }

  array(name: string, value: unknown): void {
    if (!Array.isArray(value)) this.fail(name, value, 'an array');
  }
}

/** Of options and arguments. */
export const checkOption: Check = new Check('invalid-option');

/** Of requests to a peer. */
export const checkRequest: Check = new Check('invalid-request');

/** A value as an error names it: short, whatever it is. */
function show(value: unknown): string {
  if (value instanceof Uint8Array) return `a Uint8Array of ${value.length} bytes`;
  if (typeof value === 'bigint') return `${String(value).slice(0, 40)}n`;
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  }
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
