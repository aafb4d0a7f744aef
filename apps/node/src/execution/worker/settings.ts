import type { Genesis } from '../../config/genesis/genesis.ts';

/** Settings of an execution, which can be sent to a thread. */
export interface ExecutionSettings {
  /** Directory of the state's database. */
  readonly location: string;
  readonly genesis: Genesis;
  /** Blocks that the state can go back without executing any. */
  readonly historyDepth: number;
}
