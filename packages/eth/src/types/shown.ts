import { hex } from '../peer/info.ts';

/** As `util.inspect` hands it to an object that shows itself. */
interface InspectOptions {
  readonly depth?: number | null | undefined;
}
type Inspect = (value: unknown, options: object) => string;

/**
 * How objects are shown by `JSON.stringify` and `console.log`, as properties that no loop, copy or comparison sees.
 * Without them bytes are objects of numbers, and JSON refuses bigints.
 *
 * @param toJSON what is shown of the object
 * @param text what `console.log` shows instead; `nested` inside of another object. @default the same as JSON
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

/** Sets how one object, or all of a prototype, are shown. @see shownAs */
export function showAs<T extends object>(
  target: T,
  ...as: Parameters<typeof shownAs<NoInfer<T>>>
): T {
  return Object.defineProperties(target, shownAs<T>(...as));
}

const asFields = shownAs(plainFields);

/** Shows the fields of one object as {@link plain} has them. */
export function showFields<T extends object>(object: T): T {
  return Object.defineProperties(object, asFields);
}

/** A value for JSON: bytes as 0x-prefixed hex, bigints in decimal. */
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
