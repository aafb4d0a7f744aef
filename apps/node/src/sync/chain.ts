import type { RawList, SealedBody, SealedHeader } from '@devp2p/eth';
import type {
  BlockChecker,
  BlockImporter,
  CanonicalChain,
  ExecutionState,
  HeaderReader,
  SyncProgressStore,
} from '../chain/interfaces.ts';
import type { BlockRules } from '../validation/block.ts';

/** A block with everything that its header commits to. */
export interface CompleteBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  readonly receipts: RawList;
}

/** The parts of the chain that a sync uses. */
export interface SyncChain
  extends Omit<CanonicalChain, 'onHead'>,
    Pick<BlockChecker, 'checkEligible'>,
    Pick<BlockRules, 'checkBody' | 'checkReceipts'>,
    Pick<BlockImporter, 'setHead'>,
    Pick<HeaderReader, 'headerByHash'>,
    Pick<ExecutionState, 'isExecuting'>,
    SyncProgressStore {
  /** See {@link BlockImporter.append}. */
  append(blocks: readonly CompleteBlock[]): Promise<void>;
}
