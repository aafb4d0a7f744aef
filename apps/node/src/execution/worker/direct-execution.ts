import { setImmediate } from 'node:timers/promises';
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
  serveExecution(service, {
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
  return { control: client, blocks: client, ended, stop: async () => state?.close() };
}
