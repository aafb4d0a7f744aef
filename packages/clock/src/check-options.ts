import { type Checker, createChecker, func, methods, type Rule } from '@devp2p/options';
import { ClockError } from './error.ts';

/** Checks what a caller passes. @throws ClockError `invalid-option` */
export const check: Checker = createChecker(ClockError, 'invalid-option');

export const clockRule: Rule = methods('setTimeout');

/** Of a time or a delay in milliseconds. */
const delayRule: Rule = {
  expected: 'a number of milliseconds',
  fits: (value) => typeof value === 'number' && !Number.isNaN(value),
};

/** What a timer is set with. Timers are set often, so the rules are looked at only if something is wrong. */
export function checkTimer(callback: unknown, ms: unknown): void {
  if (typeof callback !== 'function') check.value('callback', callback, func);
  // A NaN would compare false with every deadline: a timer that never fires.
  if (typeof ms !== 'number' || Number.isNaN(ms)) check.value('ms', ms, delayRule);
}
