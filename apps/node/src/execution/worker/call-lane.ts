import { MessageChannel, type ResourceLimits, Worker } from 'node:worker_threads';
import type { Clock, Timer } from '@devp2p/clock';
import { CallError } from '../../errors/call-error.ts';
import type { ChainConfig } from '../../validation/chain-config.ts';
import type { CallLane } from '../calls/call-scheduler.ts';
import type { CallResult, CallTask } from '../calls/call-task.ts';
import type { CallRequests } from './call-service.ts';
import { portChannel } from './channel.ts';
import type { Guest } from './guest-reads.ts';
import { RequestConnection } from './requests.ts';
import { threadModule } from './thread-module.ts';

/** Data that a thread for calls starts with, besides its port. */
export interface CallThreadData {
  readonly config: ChainConfig;
  readonly answered: Int32Array;
}

/** @see createThreadLane */
export interface ThreadLaneOptions {
  readonly config: ChainConfig;
  /** Has the state read for a thread. */
  readonly attach: (guest: Guest) => Promise<void>;
  readonly clock: Pick<Clock, 'setTimeout'>;
}

const heapLimits: ResourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };
/** Time in ms after which a thread is ended whose call does not end at its limit, as in a precompiled contract. */
const graceTime = 3_000;

type Connection = RequestConnection<CallRequests, Record<string, never>>;

interface RunningThread {
  readonly worker: Worker;
  readonly connection: Connection;
}

/** Creates a lane whose calls are executed in a thread, which is started with the first call. */
export function createThreadLane({ config, attach, clock }: ThreadLaneOptions): CallLane {
  let thread: RunningThread | undefined;
  const end = async (running: RunningThread, error: Error): Promise<void> => {
    if (thread === running) thread = undefined;
    running.connection.end(error);
    await running.worker.terminate();
  };
  const start = async (): Promise<RunningThread> => {
    const { port1, port2 } = new MessageChannel();
    const answered = new Int32Array(new SharedArrayBuffer(4));
    await attach({ port: port1, answered });
    const worker = new Worker(threadModule('call'), {
      name: 'call',
      workerData: { config, answered, port: port2 } satisfies CallThreadData & { port: unknown },
      transferList: [port2],
      resourceLimits: heapLimits,
    });
    const connection: Connection = new RequestConnection(portChannel(worker), {}, () => {});
    const running = { worker, connection };
    const onEnd = (reason: string): void =>
      void end(running, new CallError('failed', `the thread of the call has ended: ${reason}`));
    worker.on('error', ({ message }) => onEnd(message));
    worker.on('exit', (code) => onEnd(`exit code ${code}`));
    await new Promise<void>((resolve) => {
      worker.once('online', resolve);
      worker.once('exit', () => resolve());
    });
    return running;
  };
  return {
    async run(task: CallTask, limit: number): Promise<CallResult> {
      thread ??= await start();
      const running = thread;
      let timer: Timer | undefined;
      const overdue = new Promise<never>((_, reject) => {
        timer = clock.setTimeout(() => {
          const error = new CallError('timeout', 'execution aborted (timeout)');
          reject(error);
          void end(running, error);
        }, limit + graceTime);
      });
      try {
        return await Promise.race([running.connection.request('run', { task, limit }), overdue]);
      } finally {
        timer?.cancel();
      }
    },
    async reset() {
      const running = thread;
      if (running !== undefined) await end(running, new CallError('closed', 'the execution has ended'));
    },
  };
}
