import type { IncomingMessage } from 'node:http';

/** Reason to refuse a body, as an HTTP status. */
export type BodyFault = 413 | 503;

/** Limits of request bodies, in bytes. */
export interface BodyLimits {
  /** Of one request. @default 5 MiB (go-ethereum, `HTTPBodyLimit`) */
  readonly max: number;
  /** Limit for all bodies that are being received, so that many slow callers cannot fill the memory. @default 64 MiB */
  readonly maxTotal: number;
}

export const bodyLimits: BodyLimits = { max: 5 * 1024 * 1024, maxTotal: 64 * 1024 * 1024 };

/** Bytes of requests that are being received, of all connections together. */
export interface BodyBudget extends BodyLimits {
  total: number;
}

/**
 * Reads the body of a request within the budget.
 *
 * @returns the body, or the status with which to refuse it; rejects when the caller has disconnected
 */
export async function readBody(request: IncomingMessage, budget: BodyBudget): Promise<Buffer | BodyFault> {
  // An event is not emitted again for a client that disconnected meanwhile.
  if (request.destroyed) throw new Error('caller disconnected');
  if (Number(request.headers['content-length'] ?? 0) > budget.max) return 413;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    return await new Promise<Buffer | BodyFault>((resolve, reject) => {
      const onClose = (): void => reject(new Error('caller disconnected'));
      const settle = (result: Buffer | BodyFault): void => {
        request.off('data', onData);
        // Every request is closed after its response.
        request.off('close', onClose);
        resolve(result);
      };
      const onData = (chunk: Buffer): void => {
        if (size + chunk.length > budget.max) settle(413);
        else if (budget.total + chunk.length > budget.maxTotal) settle(503);
        else {
          size += chunk.length;
          budget.total += chunk.length;
          chunks.push(chunk);
        }
      };
      request.on('data', onData);
      request.once('end', () => settle(Buffer.concat(chunks, size)));
      request.once('error', reject);
      request.once('close', onClose);
    });
  } finally {
    budget.total -= size;
  }
}
