/** Timer of a {@link Clock}. */
export interface Timer {
  /** Cancels the timer. Has no effect after it has fired or was cancelled. */
  cancel(): void;
}

/** Source of time of a component, which tests and simulations replace. */
export interface Clock {
  /**
   * Wall clock: whole milliseconds since the Unix epoch. May jump forward or back at any time, so use it for time stamps
   * and not to measure durations.
   */
  now(): number;
  /** Milliseconds since an arbitrary start, possibly fractional. Never goes back: for durations and deadlines. */
  monotonic(): number;
  /**
   * Calls `callback` once, not before `ms` milliseconds of monotonic time have passed, and never synchronously.
   *
   * @param ms any number; 0 and less mean as soon as possible, `Infinity` means never
   * @throws ClockError `invalid-option` if `ms` is not a number, or `callback` is not a function
   */
  setTimeout(callback: () => void, ms: number): Timer;
}

/** Returns the monotonic time at which a timer of `ms` milliseconds is due. */
export function deadline(now: number, ms: number): number {
  return now + Math.max(0, ms);
}
