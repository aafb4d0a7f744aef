import type { Crypto } from '@devp2p/crypto';
import type { SealedHeader } from '@devp2p/eth';
import { bytes, type Codec, encode, list, struct, uint } from '@devp2p/rlp';
import { type Database, del, put } from './database.ts';
import { decodeHeaderRecord, decodeRecord } from './records.ts';
import { metaKey, sublevels, syncHeaderKey } from './schema.ts';

/** Headers in an unbroken line, from `top` down to `tail`. */
export interface Segment {
  readonly top: number;
  readonly topHash: Uint8Array;
  readonly tail: number;
  /** Parent hash of the header at `tail`. */
  readonly tailParent: Uint8Array;
}

/** Headers that a sync has downloaded and whose blocks are not complete yet. */
export interface SyncProgress {
  /** From the highest down; they do not overlap. */
  segments(): Promise<readonly Segment[]>;
  /** Adds headers and replaces the list of segments, in one batch. */
  write(headers: readonly SealedHeader[], segments: readonly Segment[]): Promise<void>;
  /** Ascending from the number, up to the first that is missing. */
  headers(from: number, count: number): Promise<SealedHeader[]>;
  clear(): Promise<void>;
}

/** The record of {@link SyncProgress.segments}. */
export const segmentsCodec: Codec<Segment[]> = list(
  struct({ top: uint(53), topHash: bytes(32), tail: uint(53), tailParent: bytes(32) }),
);

/** Keeps the progress of a sync in sublevels of the chain's database. */
export function createSyncProgress(database: Database, crypto: Crypto): SyncProgress {
  const key = metaKey('segments');
  return {
    async segments() {
      const value = await database.get(key);
      return value === undefined ? [] : decodeRecord(segmentsCodec, value, 'the list of segments');
    },
    async write(headers, segments) {
      await database.batch([
        ...headers.map(({ number, raw }) => put(syncHeaderKey(number), raw)),
        put(key, encode(segmentsCodec, [...segments])),
      ]);
    },
    async headers(from, count) {
      const numbers = Array.from({ length: count }, (_, i) => from + i);
      const values = await database.getMany(numbers.map(syncHeaderKey));
      const end = values.indexOf(undefined);
      return values.slice(0, end === -1 ? count : end).map((value, i) => {
        const what = `the sync header ${from + i}`;
        return decodeHeaderRecord(value as Uint8Array, from + i, what, crypto);
      });
    },
    async clear() {
      // The list first: headers that it does not contain have no effect.
      await database.batch([del(key)]);
      await database.clear(sublevels.syncHeaders.all);
    },
  };
}
