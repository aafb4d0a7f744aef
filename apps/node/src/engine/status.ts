import type { BadBlock } from '../chain/bad-blocks.ts';
import { toData } from '../rpc/codec/hex.ts';

/** Status of a block (`PayloadStatusV1`). Without execution it is never `VALID` or `ACCEPTED`. */
export interface PayloadStatus {
  readonly status: 'VALID' | 'INVALID' | 'SYNCING' | 'ACCEPTED' | 'INVALID_BLOCK_HASH';
  /** `0x` and 64 hex digits. */
  readonly latestValidHash: string | null;
  readonly validationError: string | null;
}

export const syncing: PayloadStatus = {
  status: 'SYNCING',
  latestValidHash: null,
  validationError: null,
};

/** A block on a known parent whose state is not available. */
export const accepted: PayloadStatus = {
  status: 'ACCEPTED',
  latestValidHash: null,
  validationError: null,
};

export function valid(hash: Uint8Array): PayloadStatus {
  return { status: 'VALID', latestValidHash: toData(hash), validationError: null };
}

export function invalid(reason: string, latestValidHash: BadBlock['latestValidHash'] = null): PayloadStatus {
  return {
    status: 'INVALID',
    latestValidHash: latestValidHash && toData(latestValidHash),
    validationError: reason,
  };
}
