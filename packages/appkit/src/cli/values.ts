// Parsers of flag values. Each throws an `Error` with the expected form.
import { isIP } from 'node:net';
import { didYouMean } from './usage-error.ts';

export function filePath(text: string): string {
  if (text === '' || text.includes('\0')) throw new Error('expected a path');
  return text;
}

/** Returns a parser of an integer from `min` to `max`, both included. */
export function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new Error(
      max === Number.MAX_SAFE_INTEGER ? `expected an integer from ${min}` : `expected an integer from ${min} to ${max}`,
    );
  };
}

export function trueOrFalse(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new Error('expected true or false');
  return text === 'true';
}

/** Returns a parser of one of the names. */
export function oneOf<const Name extends string>(...names: readonly Name[]): (text: string) => Name {
  return (text) => {
    const name = names.find((known) => known === text);
    if (name !== undefined) return name;
    const hint = didYouMean(text, names, '');
    throw new Error(`expected one of ${names.join(', ')}${hint && `; ${hint}`}`);
  };
}

export function ipAddress(text: string): string {
  if (isIP(text) === 0) throw new Error('expected an IPv4 or IPv6 address');
  return text;
}

/** Splits a list at its commas; white space and empty parts are ignored. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Quotes a value in an error: on one line, with up to 80 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
