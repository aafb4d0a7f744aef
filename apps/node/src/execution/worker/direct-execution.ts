import { setImmediate } from 'node:timers/promises';
import { CallError } from '../../errors/call-error.ts';
import type { CallRunner } from '../calls/call-runner.ts';
import { CallWatch } from '../calls/call-watch.ts';
import { createChannelPair } from './channel.ts';
import { type ExecutionParts, type ExecutionState, serveExecution } from './execution-service.ts';
import type { ExecutionBackend } from './executor-client.ts';

/** Collaborators of an execution in the calling thread. */
export type DirectParts = Omit<ExecutionParts, 'nextTurn' | 'onFault'>;

/** Starts an execution in the calling thread: for tests, and for a chain on a virtual clock. */
export function startDirectExecution(parts: DirectParts): ExecutionBackend {
  const [client, service] = createChannelPair();
  let state: ExecutionState | undefined;
  let onEnded = (_: Error): void => {};
  const ended = new Promise<Error>((resolve) => {
    onEnded = resolve;
  });
  const running = serveExecution(service, {
    ...parts,
    openState: async () => {
      state = await parts.openState();
      return state;
    },
    resetState: async (old) => {
      state = await parts.resetState(old);
      return state;
    },
    nextTurn: setImmediate,
    onFault: (error) => onEnded(error as Error),
  });
  let runner: Promise<CallRunner> | undefined;
  return {
    control: client,
    blocks: client,
    ended,
    openLane: () => ({
      async run(task, limit) {
        if (parts.createCalls === undefined) throw new CallError('closed', 'calls are not executed');
        runner ??= parts.createCalls((header) => running.guests.open(header));
        return (await runner).run(task, new CallWatch(() => performance.now(), limit));
      },
      reset: async () => {},
    }),
    stop: async () => state?.close(),
  };
}
