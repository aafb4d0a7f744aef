import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { fastCrypto } from '@devp2p/crypto/fast';
import { createCallEvm } from '../calls/call-evm.ts';
import { CallRunner } from '../calls/call-runner.ts';
import type { CallThreadData } from './call-lane.ts';
import { serveCalls } from './call-service.ts';
import { portChannel } from './channel.ts';
import { RemoteState } from './remote-state.ts';

/** Main module of a thread that executes calls, which change nothing. */
const { config, answered, port } = workerData as CallThreadData & { readonly port: MessagePort };

if (parentPort !== null) {
  const states = new RemoteState({ port, answered });
  const runner = new CallRunner({
    config,
    crypto: fastCrypto,
    evm: createCallEvm(config, fastCrypto),
    openState: (header, watch) => states.open(header, watch),
  });
  serveCalls(portChannel(parentPort), runner, (error) => {
    process.nextTick(() => {
      throw error;
    });
  });
}
