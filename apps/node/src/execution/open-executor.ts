import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { Genesis } from '../config/genesis/genesis.ts';
import type { OpenExecutor } from './executor.ts';
import { startDirectExecution } from './worker/direct-execution.ts';
import { createExecutionParts } from './worker/execution-parts.ts';
import { defaultHistoryDepth, openExecutorClient, type RestartEvent } from './worker/executor-client.ts';
import { startThreadExecution } from './worker/thread-execution.ts';

/** Settings of {@link executorOf}. */
export interface ExecutorOptions {
  /** Directory of the state's database, which is created if it is missing. */
  readonly location: string;
  /** With its accounts, unless the database exists. */
  readonly genesis: Genesis;
  /** Blocks that the state can go back without executing any. @default 128 */
  readonly historyDepth?: number | undefined;
  /** Whether the execution has threads of its own. @default true */
  readonly threads?: boolean | undefined;
  /** The execution in threads has `fastCrypto`. */
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** Called when the execution has ended by itself and is started again. @default not called */
  readonly onRestart?: ((event: RestartEvent) => void) | undefined;
  /** Called with each condition that the operator should know. @default not called */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** An executor over the state in a directory, for `openChain`. */
export function executorOf(options: ExecutorOptions): OpenExecutor {
  const {
    location,
    genesis,
    historyDepth = defaultHistoryDepth,
    threads = true,
    crypto,
    clock,
    onRestart,
    onNotice,
  } = options;
  const settings = { location, genesis, historyDepth };
  const start = () =>
    threads ? startThreadExecution(settings, clock) : startDirectExecution(createExecutionParts(settings, crypto));
  return (source) => openExecutorClient({ start, source, crypto, clock, historyDepth, onRestart, onNotice });
}
