import type { EvmErrorCode } from '../evm.ts';
import { GasBudget } from './gas-budget.ts';
import { type halted, type reverted, running, type succeeded } from './signal.ts';

/** A call that has ended, or whose code is being executed. */
export class Callee extends GasBudget {
  end: typeof running | typeof succeeded | typeof reverted | typeof halted = running;
  /** Of a call that succeeded or reverted. */
  output: Uint8Array = emptyBytes;
  error: EvmErrorCode | undefined;
}

export const emptyBytes: Uint8Array = new Uint8Array(0);
