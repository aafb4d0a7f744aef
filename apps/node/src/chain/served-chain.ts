import { toHex } from '@devp2p/enr';
import type { Chain } from '@devp2p/eth';
import type { ChainError } from '../errors/chain-error.ts';
import type { BlockStore } from '../storage/blocks.ts';
import type { CachedRecord } from '../storage/record-cache.ts';
import { corrupt, isList } from '../storage/records.ts';

/** What peers read of a chain. */
export type ServedChain = Pick<Chain, 'headers' | 'bodies' | 'receipts'>;

/**
 * Serves the stored bytes as they are. A record that is no RLP list is damaged: it is reported, and to the peer it is
 * missing, so that one damaged block does not cost connections.
 */
export function serveChain(
  store: BlockStore,
  onCorrupt: (error: ChainError) => void = () => {},
): ServedChain {
  const intact = (record: Uint8Array | undefined, what: () => string): Uint8Array | undefined => {
    if (record === undefined || isList(record)) return record;
    onCorrupt(corrupt(what()));
    return undefined;
  };

  const byHash = (kind: CachedRecord) => async (hashes: readonly Uint8Array[]) => {
    const records = await store.recordsByHash(kind, hashes);
    return records.map((record, i) =>
      intact(record, () => `the ${kind} of block 0x${toHex(hashes[i] as Uint8Array)}`),
    );
  };

  return {
    async headers({ origin, amount, step }) {
      const top = store.head.header.number;
      const { numbers, records } = await store.headersFrom(origin, (first) => {
        const numbers: number[] = [];
        for (let at = first; at >= 0 && at <= top && numbers.length < amount; at += step) {
          numbers.push(at);
        }
        return numbers;
      });
      const headers: Uint8Array[] = [];
      for (const [i, record] of records.entries()) {
        const header = intact(record, () => `the header of block ${numbers[i]}`);
        if (header === undefined) break;
        headers.push(header);
      }
      return headers;
    },
    bodies: byHash('body'),
    receipts: byHash('receipts'),
  };
}
