import type { BadBlock } from '../chain/bad-blocks.ts';
import { toData } from '../rpc/codec/hex.ts';

/** The verdict on a block (`PayloadStatusV1`). Nothing here executes, so that none is ever `VALID`. */
export interface PayloadStatus {
  readonly status: 'SYNCING' | 'INVALID' | 'INVALID_BLOCK_HASH';
  /** `0x` and 64 digits. */
  readonly latestValidHash: string | null;
  readonly validationError: string | null;
}

export const syncing: PayloadStatus = {
  status: 'SYNCING',
  latestValidHash: null,
  validationError: null,
};

export function invalid(
  reason: string,
  latestValidHash: BadBlock['latestValidHash'] = null,
): PayloadStatus {
  return {
    status: 'INVALID',
    latestValidHash: latestValidHash && toData(latestValidHash),
    validationError: reason,
  };
}

/** The nearest valid ancestor of a block that follows one of proof of work, or of a head before the merge. */
export const proofOfWork: Uint8Array = new Uint8Array(32);
