import type { Crypto } from '@devp2p/crypto';
import type { SealedHeader } from '@devp2p/eth';
import { bytes, type Codec, encode, list, struct, uint } from '@devp2p/rlp';
import type { Database } from './database.ts';
import { blockKey, decodeHeaderRecord, decodeRecord, recordsOf, singleKey } from './records.ts';

/** Headers that join each other, from `top` down to `tail`. */
export interface Segment {
  readonly top: number;
  readonly topHash: Uint8Array;
  readonly tail: number;
  /** Parent hash of the header at `tail`. */
  readonly tailParent: Uint8Array;
}

/** Where headers are kept from when they have come until their blocks are complete. */
export interface SkeletonStore {
  /** From the newest down; they do not overlap. */
  segments(): Promise<readonly Segment[]>;
  /** Adds headers and replaces the list of segments, in one batch. */
  write(headers: readonly SealedHeader[], segments: readonly Segment[]): Promise<void>;
  /** Ascending from the number, ending before the first that is missing. */
  headers(from: number, count: number): Promise<SealedHeader[]>;
  clear(): Promise<void>;
}

const segmentsCodec: Codec<Segment[]> = list(
  struct({ top: uint(53), topHash: bytes(32), tail: uint(53), tailParent: bytes(32) }),
);

/** Keeps a running sync's headers beside the chain, in key space of their own. */
export function createSkeletonStore(database: Database, crypto: Crypto): SkeletonStore {
  const key = singleKey('segments');
  return {
    async segments() {
      const value = await database.get(key);
      return value === undefined ? [] : decodeRecord(segmentsCodec, value, 'the list of segments');
    },
    async write(headers, segments) {
      await database.batch([
        ...headers.map(({ number, raw }) => ({
          type: 'put' as const,
          key: blockKey('skeleton', number),
          value: raw,
        })),
        { type: 'put', key, value: encode(segmentsCodec, [...segments]) },
      ]);
    },
    async headers(from, count) {
      const numbers = Array.from({ length: count }, (_, i) => from + i);
      const values = await database.getMany(numbers.map((number) => blockKey('skeleton', number)));
      const end = values.indexOf(undefined);
      return values
        .slice(0, end === -1 ? count : end)
        .map((value, i) =>
          decodeHeaderRecord(
            value as Uint8Array,
            from + i,
            `the skeleton's header ${from + i}`,
            crypto,
          ),
        );
    },
    async clear() {
      // The list first: headers that it does not name are only in the way.
      await database.batch([{ type: 'del', key }]);
      await database.clear(recordsOf('skeleton'));
    },
  };
}
