/** A timer that was set on a {@link Clock}. */
export interface Timer {
  /** Drops the timer. Does nothing once it has fired or was cancelled before. */
  cancel(): void;
}

/** Where a component takes the time from, so that a test or a simulation can hand it another. */
export interface Clock {
  /**
   * Wall clock: whole milliseconds since the Unix epoch. May jump either way at any moment, so it is for time stamps
   * that others read, never for measuring how long something took.
   */
  now(): number;
  /** Milliseconds, possibly fractional, from an arbitrary start. Never goes back: for durations and deadlines. */
  monotonic(): number;
  /**
   * Calls `callback` once, `ms` milliseconds of monotonic time from now, never earlier and never from within this call.
   *
   * @param ms - any length; zero and less mean as soon as possible, `Infinity` means never.
   * @throws ClockError `invalid-option` when `ms` is not a number, or `callback` not a function.
   */
  setTimeout(callback: () => void, ms: number): Timer;
}

/** The monotonic time at which a timer of `ms` milliseconds is due. */
export function deadline(now: number, ms: number): number {
  return now + Math.max(0, ms);
}
