import { toHex } from '@devp2p/bytes';
import type { RawList } from '@devp2p/eth';
import { ChainError } from '../errors/chain-error.ts';
import type { BlockStore } from '../storage/blocks.ts';
import type { BlockRules } from '../validation/block.ts';

/**
 * Stores receipts of canonical blocks.
 *
 * @throws ChainError `unknown-block`; BlockError when they are not those of the block
 */
export async function addReceipts(
  store: BlockStore,
  rules: BlockRules,
  blocks: readonly { hash: Uint8Array; receipts: RawList }[],
): Promise<void> {
  const records = [];
  for (const { hash, receipts } of blocks) {
    const header = (await store.numberOf(hash)) === undefined ? undefined : await store.headerByHash(hash);
    if (header === undefined) {
      throw new ChainError('unknown-block', `receipts of 0x${toHex(hash)}, which is not on the chain`);
    }
    rules.checkReceipts(header, receipts);
    records.push({ number: header.number, hash: header.hash, record: receipts.raw });
  }
  await store.writeRecords('receipts', records);
}

/**
 * Stores access lists of canonical blocks.
 *
 * @throws ChainError `unknown-block`; BlockError when they are not those of the block
 */
export async function addAccessLists(
  store: BlockStore,
  rules: BlockRules,
  lists: readonly { number: number; accessList: Uint8Array }[],
): Promise<void> {
  const records = [];
  for (const { number, accessList } of lists) {
    const header = await store.header(number);
    if (header === undefined) {
      throw new ChainError('unknown-block', `block ${number} is not on the chain`);
    }
    rules.checkAccessList(header, accessList);
    records.push({ number, hash: header.hash, record: accessList });
  }
  await store.writeRecords('accessLists', records);
}
