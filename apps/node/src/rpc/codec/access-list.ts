import { bigint, bytes, type Codec, decode, list, struct, uint } from '@devp2p/rlp';
import { toData, toQuantity } from './hex.ts';
import { toWord } from './slot.ts';

/** A value and the index at which it was set: 0 before the transactions, then one for each, then one after them. */
const change = <T>(value: Codec<T>) => struct({ index: uint(32), value });

/** A block access list (EIP-7928). */
const accessListCodec = list(
  struct({
    address: bytes(20),
    storageChanges: list(struct({ key: bigint(256), changes: list(change(bigint(256))) })),
    storageReads: list(bigint(256)),
    balanceChanges: list(change(bigint(256))),
    nonceChanges: list(change(bigint(64))),
    codeChanges: list(change(bytes())),
  }),
);

/**
 * A block access list as `eth_getBlockAccessList` shows it.
 *
 * @param encoded RLP list
 * @throws RlpError
 */
export function accessListJson(encoded: Uint8Array): readonly object[] {
  return decode(accessListCodec, encoded).map((account) => ({
    address: toData(account.address),
    balanceChanges: account.balanceChanges.map(quantityChange),
    codeChanges: account.codeChanges.map(({ index, value }) => ({ index: toQuantity(index), code: toData(value) })),
    nonceChanges: account.nonceChanges.map(quantityChange),
    storageChanges: account.storageChanges.map(({ key, changes }) => ({
      key: toWord(key),
      changes: changes.map(({ index, value }) => ({ index: toQuantity(index), value: toWord(value) })),
    })),
    storageReads: account.storageReads.map(toWord),
  }));
}

function quantityChange({ index, value }: { index: number; value: bigint }): object {
  return { index: toQuantity(index), value: toQuantity(value) };
}
