import { type InspectOptions, inspect } from 'node:util';

/** A function that says what a person wants to know of an object: no bytes, no `bigint`, no secrets. */
export type ToJson<T> = (object: T) => Record<string, unknown>;

/**
 * Makes `JSON.stringify` and `console.log` show what `toJson` says of an object, and not its parts. Neither is seen
 * when the object is compared or copied.
 *
 * @param name before the braces in `console.log`
 */
export function shownAs<T extends object>(name: string, object: T, toJson: ToJson<T>): T {
  const known = (): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(toJson(object)).filter(([, value]) => value !== undefined && value !== null),
    );
  return Object.defineProperties(object, {
    toJSON: { value: () => toJson(object), configurable: true },
    [inspect.custom]: {
      value: (_depth: number, options: InspectOptions) => `${name} ${inspect(known(), options)}`,
      configurable: true,
    },
  });
}
