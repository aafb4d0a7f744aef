import { MessageChannel, type MessagePort, type ResourceLimits, Worker, type WorkerOptions } from 'node:worker_threads';
import type { Clock } from '@devp2p/clock';
import { createThreadLane } from './call-lane.ts';
import { type Channel, portChannel } from './channel.ts';
import type { ExecutionBackend } from './executor-client.ts';
import type { ExecutionSettings } from './settings.ts';
import { threadModule } from './thread-module.ts';

/**
 * Limits of the heaps. V8 lets a heap with a limit of 2 GiB or more grow to four times its live objects before it
 * collects them, and to less with a lower limit (`MemoryController::MaxGrowingFactor`). The young generation is three
 * semi-spaces, which keep the size that they once had while the thread is busy.
 */
const heapLimits = {
  execution: { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 24 },
  recovery: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 },
} satisfies Record<string, ResourceLimits>;

/** Data that the execution thread starts with. */
export interface ExecutionThreadData {
  readonly settings: ExecutionSettings;
  /** Blocks with their senders come over it. */
  readonly blocks: MessagePort;
}

/**
 * Starts an execution in a thread, and the recovery of senders in another one: blocks go from the caller to the recovery,
 * from there to the execution, and the results to the caller.
 */
export function startThreadExecution(settings: ExecutionSettings, clock: Pick<Clock, 'setTimeout'>): ExecutionBackend {
  const { port1, port2 } = new MessageChannel();
  const start = (
    name: keyof typeof heapLimits,
    workerData: object,
    transferList: NonNullable<WorkerOptions['transferList']>,
  ): Worker => new Worker(threadModule(name), { name, workerData, transferList, resourceLimits: heapLimits[name] });
  let onEnded = (_: Error): void => {};
  const ended = new Promise<Error>((resolve) => {
    onEnded = resolve;
  });
  const threads: Worker[] = [];
  const watch = (thread: Worker): Worker => {
    thread.on('error', onEnded);
    thread.on('exit', (code) => onEnded(new Error(`a thread exited with code ${code}`)));
    threads.push(thread);
    return thread;
  };
  const execution = watch(start('execution', { settings, blocks: port1 }, [port1]));
  let recovery: Channel | undefined;
  return {
    control: portChannel(execution),
    blocks: {
      // Started with the first block: many nodes serve a chain and execute none for long.
      post(message, transfer) {
        recovery ??= portChannel(watch(start('recovery', { blocks: port2 }, [port2])));
        recovery.post(message, transfer);
      },
    },
    ended,
    openLane: (attach) => createThreadLane({ config: settings.genesis.config, attach, clock }),
    stop: async () => {
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}
