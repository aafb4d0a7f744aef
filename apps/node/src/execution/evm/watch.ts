/**
 * Bounds an execution by something else than gas. Its methods throw to end it; then the state and the EVM of the block
 * cannot be used any more.
 */
export interface ExecutionWatch {
  /** Called when a frame is entered or continued. @returns the gas from which on {@link check} is called */
  enter(gas: number): number;
  /** @param gas what the frame has left @returns the gas from which on it is called again */
  check(gas: number): number;
}
