import type { Crypto } from '@devp2p/crypto';
import { decodeHeader, type SealedHeader } from '@devp2p/eth';
import { bigint, bytes, type Codec, decode, Reader, struct, uint } from '@devp2p/rlp';
import { ChainError } from '../errors/chain-error.ts';

/** The format of the database and the chain that it is for. */
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

/** The error for a damaged record. */
export function corrupt(what: string, cause?: unknown): ChainError {
  const options = cause === undefined ? {} : { cause };
  const problem = cause instanceof Error ? ` (${cause.message})` : '';
  const advice = 'restore a copy of the database, or remove it and sync again';
  return new ChainError('corrupt', `${what} is damaged in the database${problem}: ${advice}`, options);
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
export function decodeHeaderRecord(value: Uint8Array, number: number, what: string, crypto: Crypto): SealedHeader {
  let header: SealedHeader;
  try {
    header = decodeHeader(value, crypto);
  } catch (error) {
    throw corrupt(what, error);
  }
  if (header.number !== number) {
    throw corrupt(what, new Error(`it is the header of block ${header.number}`));
  }
  return header;
}

/** Whether a record is one complete RLP list, as far as it shows without decoding the elements. */
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
