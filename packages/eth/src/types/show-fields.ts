import { toHex } from '@devp2p/bytes';

/** Options that `util.inspect` passes to a custom inspection function. */
interface InspectOptions {
  readonly depth?: number | null | undefined;
}
type Inspect = (value: unknown, options: object) => string;

/**
 * Defines the form of objects in `JSON.stringify` and `console.log`, with properties that are not enumerable. Without them
 * bytes are objects of numbers, and JSON refuses bigints.
 *
 * @param toJSON makes the JSON form of the object
 * @param text makes the form in `console.log`; `nested` inside of another object. @default the JSON form
 */
function shownAs<T extends object>(
  toJSON: (object: T) => unknown,
  text?: (object: T, nested: boolean) => string,
): PropertyDescriptorMap {
  const own = { writable: true, configurable: true };
  return {
    toJSON: {
      ...own,
      value(this: T) {
        return toJSON(this);
      },
    },
    [Symbol.for('nodejs.util.inspect.custom')]: {
      ...own,
      value(this: T, depth: number, options: InspectOptions, inspect: Inspect) {
        if (text === undefined) return inspect(toJSON(this), options);
        return text(this, typeof options.depth === 'number' && depth < options.depth);
      },
    },
  };
}

/** Sets the printed form of one object, or of all objects of a prototype. @see shownAs */
export function showAs<T extends object>(target: T, ...as: Parameters<typeof shownAs<NoInfer<T>>>): T {
  return Object.defineProperties(target, shownAs<T>(...as));
}

const asFields = shownAs(plainFields);

/** Sets the printed form of one object to its fields as {@link plain} values. */
export function showFields<T extends object>(object: T): T {
  return Object.defineProperties(object, asFields);
}

/** Converts bytes to 0x-prefixed hex. */
export function hex(bytes: Uint8Array): string {
  return `0x${toHex(bytes)}`;
}

/** Converts a value for JSON: bytes to 0x-prefixed hex, bigints to decimal text. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  return plainFields(value);
}

function plainFields(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, plain(value)]));
}
