/// <reference types="node" preserve="true" />

export { abortable } from './abortable.ts';
export type { Clock, Timer } from './clock.ts';
export { ClockError, type ClockErrorCode } from './error.ts';
export { sleep } from './sleep.ts';
export { systemClock } from './system-clock.ts';
export {
  type TimeoutSignal,
  timeoutSignal,
  type WithTimeoutOptions,
  withTimeout,
} from './timeout.ts';
