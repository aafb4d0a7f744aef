import type { RawList, SealedBody, SealedHeader } from '@devp2p/eth';

/** A block whose header and body are valid. */
export interface ExecutableBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  /** Elements in the form of eth/69; absent where they are not known. */
  readonly receipts?: RawList | undefined;
  /** RLP list (EIP-7928); absent before Amsterdam and if unknown. */
  readonly accessList?: Uint8Array | undefined;
}

/** Results of an execution that the header commits to. */
interface ExecutionResult {
  /** Elements in the form of eth/69; absent where they are not known. */
  readonly receipts?: RawList | undefined;
}

/** Executes blocks on the state of their parents: the slot of the import pipeline's execute stage. */
export interface Executor {
  /**
   * Executes a block.
   *
   * @param parent the block before it, which has been executed
   * @returns the results, which the caller checks against the header
   * @throws BlockError when a transaction cannot be executed
   */
  execute(block: ExecutableBlock, parent: SealedHeader): ExecutionResult | Promise<ExecutionResult>;
}

/** An executor without state, which returns the receipts that were imported with a block. */
export const passThroughExecutor: Executor = {
  execute: ({ receipts }) => ({ receipts }),
};
