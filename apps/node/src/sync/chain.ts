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

/** A downloaded block. */
export interface DownloadedBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  /** Absent when the chain executes blocks. */
  readonly receipts?: RawList | undefined;
}

/** A block with everything that its header commits to. */
export interface CompleteBlock extends DownloadedBlock {
  readonly receipts: RawList;
}

/** The parts of the chain that a sync uses. */
export interface SyncChain
  extends Omit<CanonicalChain, 'onHead'>,
    Pick<BlockChecker, 'checkEligible'>,
    Pick<BlockRules, 'checkBody' | 'checkReceipts'>,
    Pick<BlockImporter, 'setHead'>,
    Pick<HeaderReader, 'headerByHash'>,
    Pick<ExecutionState, 'isExecuting' | 'catchUp'>,
    SyncProgressStore {
  /** See {@link BlockImporter.append}. */
  append(blocks: readonly DownloadedBlock[]): Promise<void>;
}
