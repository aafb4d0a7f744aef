import type { Frame } from './frame/frame.ts';
import type { Machine } from './machine.ts';

/**
 * Bounds an execution by something else than gas. Its methods throw to end it; then the state and the EVM of the block
 * cannot be used any more.
 */
export interface ExecutionWatch {
  /** Called when a frame is entered or continued. @returns the gas from which on {@link check} is called */
  enter(gas: number): number;
  /**
   * Called before an instruction, after its constant gas was taken.
   *
   * @param gas what the frame has left
   * @param pc place of the instruction
   * @param sp number of items on the stack
   * @param machine that executes the frame
   * @returns the gas from which on it is called again
   */
  check(gas: number, frame: Frame, pc: number, sp: number, machine: Machine): number;
}
