import type { Crypto } from '@devp2p/crypto';
import { decodeHeader, type SealedHeader } from '@devp2p/eth';
import { bigint, bytes, type Codec, decode, Reader, struct, uint } from '@devp2p/rlp';
import { ChainError } from '../errors/chain-error.ts';
import type { KeyRange } from './database.ts';

/** Kinds of records that are found under a block number, with the first byte of their keys. */
const kinds = {
  header: 0x68,
  body: 0x62,
  receipts: 0x72,
  skeleton: 0x73,
  accessList: 0x61,
} as const;

export type BlockRecord = keyof typeof kinds;

/** The key of one block's record: numbers sort as such. */
export function blockKey(kind: BlockRecord, number: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = kinds[kind];
  const view = new DataView(key.buffer);
  view.setUint32(1, Math.floor(number / 2 ** 32));
  view.setUint32(5, number >>> 0);
  return key;
}

/** The number in a {@link blockKey}. */
export function blockNumber(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return view.getUint32(1) * 2 ** 32 + view.getUint32(5);
}

/** All records of one kind. */
export function recordsOf(kind: BlockRecord): KeyRange {
  return { from: blockKey(kind, 0), to: Uint8Array.of(kinds[kind] + 1) };
}

/** The key under which a canonical block's number stands. */
export function hashKey(hash: Uint8Array): Uint8Array {
  const key = new Uint8Array(33);
  key[0] = 0x6e;
  key.set(hash, 1);
  return key;
}

/** Records of which there is one. */
export type SingleRecord = 'format' | 'head' | 'config' | 'segments' | 'whole';

export function singleKey(name: SingleRecord): Uint8Array {
  return Uint8Array.from(`m${name}`, (char) => char.charCodeAt(0));
}

/** Which program wrote the database, for which chain. */
export const formatCodec: Codec<{ version: number; genesis: Uint8Array }> = struct({
  version: uint(32),
  genesis: bytes(32),
});

/** The last block of the canonical chain. */
export interface HeadRecord {
  number: number;
  hash: Uint8Array;
  totalDifficulty: bigint;
}

export const headCodec: Codec<HeadRecord> = struct({
  number: uint(53),
  hash: bytes(32),
  totalDifficulty: bigint(256),
});

export const numberCodec: Codec<number> = uint(53);

/** The error about a record that is not what it should be. */
export function corrupt(what: string, cause?: unknown): ChainError {
  const options = cause === undefined ? {} : { cause };
  const problem = cause instanceof Error ? ` (${cause.message})` : '';
  const advice = 'restore a copy of the database, or remove it and sync again';
  return new ChainError(
    'corrupt',
    `${what} is damaged in the database${problem}: ${advice}`,
    options,
  );
}

/** @throws ChainError `corrupt` */
export function decodeRecord<T>(codec: Codec<T>, value: Uint8Array, what: string): T {
  try {
    return decode(codec, value);
  } catch (error) {
    throw corrupt(what, error);
  }
}

/** @throws ChainError `corrupt` */
export function decodeHeaderRecord(
  value: Uint8Array,
  number: number,
  what: string,
  crypto: Crypto,
): SealedHeader {
  let header: SealedHeader;
  try {
    header = decodeHeader(value, crypto);
  } catch (error) {
    throw corrupt(what, error);
  }
  if (header.number !== number)
    throw corrupt(what, new Error(`it is that of block ${header.number}`));
  return header;
}

/** Whether a record is one RLP list from its first byte to its last: as much as can be told without decoding it. */
export function isList(value: Uint8Array): boolean {
  if ((value[0] ?? 0) < 0xc0) return false;
  const reader = new Reader(value);
  try {
    reader.skip();
  } catch {
    return false;
  }
  return reader.done;
}
