import { toHex } from '@devp2p/bytes';
import type { Chain, ChainRange } from '@devp2p/eth';
import type { ChainError } from '../errors/chain-error.ts';
import type { Head } from '../storage/block-records.ts';
import type { BlockStore } from '../storage/blocks.ts';
import type { CachedRecord } from '../storage/record-cache.ts';
import { corrupt, isList } from '../storage/records.ts';

/** The part of a chain that peers read. */
export type ServedChain = Pick<Chain, 'headers' | 'bodies' | 'receipts'>;

/**
 * Serves stored records unchanged. A record that is not an RLP list is damaged: it is reported, and peers get it as
 * missing, so that one damaged block does not cost connections.
 */
export function serveChain(store: BlockStore, onCorrupt: (error: ChainError) => void = () => {}): ServedChain {
  const intact = (record: Uint8Array | undefined, what: () => string): Uint8Array | undefined => {
    if (record === undefined || isList(record)) return record;
    onCorrupt(corrupt(what()));
    return undefined;
  };

  const names = { bodies: 'body', receipts: 'receipts' } as const;
  const byHash = (kind: CachedRecord) => async (hashes: readonly Uint8Array[]) => {
    const records = await store.recordsByHash(kind, hashes);
    return records.map((record, i) =>
      intact(record, () => `the ${names[kind]} of block 0x${toHex(hashes[i] as Uint8Array)}`),
    );
  };

  return {
    async headers(query) {
      const headers: Uint8Array[] = [];
      for (const { number, record } of await store.headerRecords(query)) {
        const header = intact(record, () => `the header of block ${number}`);
        if (header === undefined) break;
        headers.push(header);
      }
      return headers;
    },
    bodies: byHash('bodies'),
    receipts: byHash('receipts'),
  };
}

/**
 * Further below the head, the sum of difficulties is not computed, since reading the headers takes long and only eth/68
 * sends it.
 */
const maxRewind = 8_192;

/** The blocks that are served: blocks without receipts are not announced to peers. */
export async function servedRange(store: BlockStore): Promise<ChainRange> {
  const { first: earliest, last: latest } = store.complete;
  const { header, totalDifficulty } = await lastServed(store, latest);
  return { earliest, latest, latestHash: header.hash, latestTime: header.timestamp, totalDifficulty };
}

async function lastServed(store: BlockStore, latest: number): Promise<Head> {
  const { head } = store;
  if (latest > 0 && head.header.number - latest <= maxRewind) return store.headAt(latest);
  const header = await store.header(latest);
  if (header === undefined) throw corrupt(`the header of block ${latest}`);
  return { header, totalDifficulty: latest === 0 ? header.difficulty : head.totalDifficulty };
}
