import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { fastCrypto } from '@devp2p/crypto/fast';
import { recoverSenders } from './recover-senders.ts';
import type { ExecuteParams, ExecutionRequests, RequestMessage } from './requests.ts';

/** Main module of the thread that recovers the senders of blocks ahead of their execution. */
const { blocks } = workerData as { readonly blocks: MessagePort };

parentPort?.on('message', (message: RequestMessage<ExecutionRequests>) => {
  const block = message.params as ExecuteParams;
  const senders = recoverSenders(block.body, fastCrypto);
  const params = { ...block, senders } satisfies ExecuteParams;
  // Header, body and access list share a buffer.
  blocks.postMessage({ ...message, params }, [block.body.buffer as ArrayBuffer, senders.buffer]);
});
