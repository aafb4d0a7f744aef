import { CallError, type CallErrorCode } from '../../errors/call-error.ts';
import { BlockError, type BlockErrorCode } from '../../errors/chain-error.ts';
import { ExecutionError, type ExecutionErrorCode } from '../../errors/execution-error.ts';
import type { ErrorData } from '../../errors/node-error.ts';
import { StateError, type StateErrorCode } from '../../errors/state-error.ts';

/** An expected error as a message between threads. */
export type ErrorMessage =
  | { readonly name: 'BlockError'; readonly code: BlockErrorCode; readonly number: number; readonly reason: string }
  | {
      readonly name: 'CallError';
      readonly code: CallErrorCode;
      readonly message: string;
      readonly data: Uint8Array | undefined;
    }
  | { readonly name: 'ExecutionError'; readonly code: ExecutionErrorCode; readonly message: string }
  | { readonly name: 'StateError'; readonly code: StateErrorCode; readonly message: string; readonly data: ErrorData };

/** @returns `undefined` for an error that is not expected, which ends the thread */
export function encodeError(error: unknown): ErrorMessage | undefined {
  if (error instanceof BlockError) {
    const { name, code, number, reason } = error;
    return { name, code, number, reason };
  }
  if (error instanceof CallError) {
    const { name, code, message, data } = error;
    return { name, code, message, data: data?.slice() };
  }
  if (error instanceof ExecutionError) {
    const { name, code, message } = error;
    return { name, code, message };
  }
  if (error instanceof StateError) {
    const { name, code, message, data } = error;
    return { name, code, message, data };
  }
  return undefined;
}

export function decodeError(message: ErrorMessage): Error {
  switch (message.name) {
    case 'BlockError':
      return new BlockError(message.code, message.number, message.reason);
    case 'CallError':
      return new CallError(message.code, message.message, message.data);
    case 'ExecutionError':
      return new ExecutionError(message.code, message.message);
    case 'StateError':
      return new StateError(message.code, message.message, { data: message.data });
  }
}
