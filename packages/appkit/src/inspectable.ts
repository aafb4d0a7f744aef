import { type InspectOptions, inspect } from 'node:util';

/** Returns the readable form of an object: no bytes, no `bigint`, no secrets. */
export type ToJson<T> = (object: T) => Record<string, unknown>;

/**
 * Makes `JSON.stringify` and `console.log` show the result of `toJson` instead of the object's fields. The properties
 * that it adds are not enumerable, so comparing and copying the object ignore them.
 *
 * @param name printed before the braces by `console.log`
 */
export function inspectable<T extends object>(name: string, object: T, toJson: ToJson<T>): T {
  const known = (): Record<string, unknown> =>
    Object.fromEntries(Object.entries(toJson(object)).filter(([, value]) => value !== undefined && value !== null));
  return Object.defineProperties(object, {
    toJSON: { value: () => toJson(object), configurable: true },
    [inspect.custom]: {
      value: (_depth: number, options: InspectOptions) => `${name} ${inspect(known(), options)}`,
      configurable: true,
    },
  });
}
