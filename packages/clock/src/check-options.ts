import { type Checker, createChecker, func, methods, type Rule } from '@devp2p/options';
import { ClockError } from './error.ts';

/** Checks arguments and options. @throws ClockError `invalid-option` */
export const check: Checker = createChecker(ClockError, 'invalid-option');

export const clockRule: Rule = methods('setTimeout');

const delayRule: Rule = {
  expected: 'a number of milliseconds',
  fits: (value) => typeof value === 'number' && !Number.isNaN(value),
};

/** Checks the arguments of `setTimeout`. Called often, so it evaluates the rules only for wrong values. */
export function checkTimer(callback: unknown, ms: unknown): void {
  if (typeof callback !== 'function') check.value('callback', callback, func);
  // NaN compares false with every deadline, so the timer would never fire.
  if (typeof ms !== 'number' || Number.isNaN(ms)) check.value('ms', ms, delayRule);
}
