import type { BadBlock } from '../chain/bad-blocks.ts';
import { toData } from '../rpc/codec/hex.ts';

/** Status of a block (`PayloadStatusV1`). Blocks are not executed, so it is never `VALID`. */
export interface PayloadStatus {
  readonly status: 'SYNCING' | 'INVALID' | 'INVALID_BLOCK_HASH';
  /** `0x` and 64 hex digits. */
  readonly latestValidHash: string | null;
  readonly validationError: string | null;
}

export const syncing: PayloadStatus = {
  status: 'SYNCING',
  latestValidHash: null,
  validationError: null,
};

export function invalid(reason: string, latestValidHash: BadBlock['latestValidHash'] = null): PayloadStatus {
  return {
    status: 'INVALID',
    latestValidHash: latestValidHash && toData(latestValidHash),
    validationError: reason,
  };
}

/** The latest valid hash of a block that follows a proof-of-work block, and of a head before the merge. */
export const proofOfWork: Uint8Array = new Uint8Array(32);
