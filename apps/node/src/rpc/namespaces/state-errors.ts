import type { SealedHeader } from '@devp2p/eth';
import { ChainError } from '../../errors/chain-error.ts';
import { ExecutionError } from '../../errors/execution-error.ts';
import { RpcError } from '../transport/rpc-error.ts';

/** Reads a state, and reports a state that is not available as an error of the caller's request. @throws RpcError `failed` */
export async function withState<T>({ number }: Pick<SealedHeader, 'number'>, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ExecutionError && error.code === 'no-state') {
      throw new RpcError('failed', `historical state of block ${number} is not available: ${error.message}`);
    }
    const isClosed = error instanceof ChainError && error.code === 'closed';
    if (error instanceof ExecutionError || isClosed) throw new RpcError('failed', (error as Error).message);
    throw error;
  }
}
