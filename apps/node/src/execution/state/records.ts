import { bytes, type Codec, decode, struct, uint } from '@devp2p/rlp';
import { StateError } from '../../errors/state-error.ts';

/** The block whose state a database has. */
export interface StateHead {
  readonly number: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** 32 bytes. */
  readonly stateRoot: Uint8Array;
}

/** The head as it is stored. */
export interface HeadRecord {
  number: number;
  hash: Uint8Array;
  stateRoot: Uint8Array;
  /** Greater than all storage ids in the database. */
  nextStorageId: number;
}

export const headCodec: Codec<HeadRecord> = struct({
  number: uint(53),
  hash: bytes(32),
  stateRoot: bytes(32),
  nextStorageId: uint(53),
});

/** The format that this program writes. A change that older programs would misread increments it. */
export const formatVersion = 1;

export const formatCodec: Codec<{ version: number; genesis: Uint8Array }> = struct({
  version: uint(32),
  genesis: bytes(32),
});

/** @throws StateError `corrupt` */
export function decodeRecord<T>(codec: Codec<T>, value: Uint8Array, location: string, what: string): T {
  try {
    return decode(codec, value);
  } catch (error) {
    throw new StateError('corrupt', `${location}: ${what} is damaged: remove it, and the blocks are executed again`, {
      cause: error,
    });
  }
}
