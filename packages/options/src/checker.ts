import { nearestName } from './nearest-name.ts';
import { array, object, type Rule, type Rules } from './rule.ts';
import { show, showSecret } from './show.ts';

/** Class of errors with a code. */
export type ErrorClass<Code extends string> = new (code: Code, message: string) => Error;

/** Checks arguments and options, and throws errors of the calling package. */
export interface Checker {
  /**
   * Checks all options of a call. Names without a rule are errors, because a misspelt option would be ignored.
   *
   * @param call name of the function for error messages
   */
  options<Options>(call: string, options: Options, rules: Rules<Options>): void;
  /** Checks some properties of an object, which may have other ones. */
  fields<Value>(name: string, value: Value, rules: Partial<Rules<Value>>): void;
  /** Checks one argument. */
  value(name: string, value: unknown, rule: Rule): void;
  /** Checks each element of an array. */
  elements(name: string, values: readonly unknown[], rule: Rule): void;
  /**
   * Throws the error for a value.
   *
   * @param expected text that follows `expected` in the message: `an IP address`
   */
  fail(name: string, value: unknown, expected: string): never;
}

/**
 * Creates a checker. Its errors are `new error(code, message)`. The message contains the name, the value and the
 * expected value: `port is 70000, expected an integer from 0 to 65535`.
 */
export function createChecker<Code extends string>(error: ErrorClass<Code>, code: Code): Checker {
  const fail = (name: string, value: unknown, expected: string): never => {
    throw new error(code, `${name} is ${show(value)}, expected ${expected}`);
  };

  const check = (name: string, value: unknown, rule: Rule): void => {
    if (rule.fits(value)) return;
    const shown = rule.secret ? showSecret(value) : show(value);
    throw new error(code, `${name} is ${shown}, expected ${rule.expected}`);
  };

  const checkAll = (prefix: string, value: unknown, rules: object): void => {
    // `for in` creates no array: packages check two or three rules many thousand times per second.
    for (const name in rules) {
      const rule = (rules as Record<string, Rule>)[name] as Rule;
      const part = (value as Record<string, unknown>)[name];
      if (part === undefined && !rule.required) continue;
      if (!rule.fits(part)) check(prefix + name, part, rule);
    }
  };

  return {
    fail,
    value: check,
    options(call, options, rules) {
      if (!object.fits(options)) check(`the options argument of ${call}`, options, object);
      for (const unknown in options) {
        if (Object.hasOwn(rules, unknown) || !Object.hasOwn(options as object, unknown)) continue;
        const known = Object.keys(rules);
        const meant = nearestName(unknown, known);
        const hint = meant === undefined ? '' : ` (did you mean ${show(meant)}?)`;
        const list = `known options: ${known.join(', ')}`;
        throw new error(code, `${call} has no option ${show(unknown)}${hint}, ${list}`);
      }
      checkAll('', options, rules);
    },
    fields(name, value, rules) {
      check(name, value, object);
      checkAll(`${name}.`, value, rules);
    },
    elements(name, values, rule) {
      check(name, values, array);
      for (const [index, value] of values.entries()) {
        if (!rule.fits(value)) check(`${name}[${index}]`, value, rule);
      }
    },
  };
}
