import { equalBytes, toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import { BlockError } from '../errors/chain-error.ts';

/** Required block hashes, 32 bytes, by block number: go-ethereum's `eth.requiredblocks`. */
export type RequiredBlocks = ReadonlyMap<number, Uint8Array>;

/** @throws BlockError `required-block` when a different block is required at the number of the header */
export function checkRequiredBlock(required: RequiredBlocks, header: SealedHeader): void {
  const hash = required.get(header.number);
  if (hash === undefined || equalBytes(hash, header.hash)) return;
  throw new BlockError('required-block', header.number, `is 0x${toHex(header.hash)}, but 0x${toHex(hash)} is required`);
}
