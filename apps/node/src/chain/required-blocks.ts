import { equalBytes, toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import { BlockError } from '../errors/chain-error.ts';

/** Hashes, 32 bytes, that the blocks with these numbers have to have: go-ethereum's `eth.requiredblocks`. */
export type RequiredBlocks = ReadonlyMap<number, Uint8Array>;

/** @throws BlockError `required-block` when another block is required in the header's place */
export function checkRequiredBlock(required: RequiredBlocks, header: SealedHeader): void {
  const hash = required.get(header.number);
  if (hash === undefined || equalBytes(hash, header.hash)) return;
  throw new BlockError(
    'required-block',
    header.number,
    `is 0x${toHex(header.hash)}, but 0x${toHex(hash)} is required`,
  );
}
