import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { fastCrypto } from '@devp2p/crypto/fast';
import { portChannel } from './channel.ts';
import { createExecutionParts } from './execution-parts.ts';
import { serveExecution } from './execution-service.ts';
import type { ExecutionThreadData } from './thread-execution.ts';

/** Main module of the thread that executes blocks and owns their state. */
const { settings, blocks } = workerData as ExecutionThreadData;

if (parentPort !== null) {
  const service = serveExecution(portChannel(parentPort), {
    ...createExecutionParts(settings, fastCrypto),
    nextTurn: setImmediate,
    // Ends the thread: its owner gets the error.
    onFault(error) {
      process.nextTick(() => {
        throw error;
      });
    },
  });
  blocks.on('message', (message) => service.receive(message));
}
