import type { Crypto } from '@devp2p/crypto';
import type { Codec } from '@devp2p/rlp';
import type { ChainRange } from '../server/chain.ts';
import type { RawList } from '../types/raw-list.ts';
import type { Messages, Status, StatusBase } from './messages.ts';

/** Code and codec of one message. */
export interface MessageFormat<T> {
  /** Counted from 0 within the protocol. */
  readonly code: number;
  readonly codec: Codec<T>;
  /** Longest payload that is accepted, in bytes. @default 10 MiB (eth.md) */
  readonly maxLength?: number | undefined;
}

/** Form of a block's receipts in GetReceipts and Receipts. */
export interface ReceiptsFormat {
  /** Converts from the form of {@link Chain.receipts} to an item of Receipts. */
  encode(receipts: Uint8Array, crypto: Crypto): Uint8Array;
  /**
   * Converts an item of Receipts to the form of {@link Chain.receipts}.
   *
   * @throws RlpError when the item is not a list of receipts.
   */
  decode(item: Uint8Array): RawList;
  /** Whether the receipts of one block may be divided among several messages. */
  readonly isDivisible: boolean;
}

/**
 * A version of eth: everything in which it differs from other versions. The rest of the package takes
 * differences from here and does not compare version numbers.
 */
export interface EthVersion {
  readonly version: number;
  /** Number of message codes. */
  readonly length: number;
  /** BlockRangeUpdate is absent in versions without it. */
  readonly messages: MessageFormats;
  /** Makes our Status from the fields of every version and the range of our chain. */
  createStatus(base: StatusBase, range: ChainRange): Status;
  readonly receipts: ReceiptsFormat;
}

/** Code and codec of each message. */
export type MessageFormats = {
  readonly [Name in Exclude<keyof Messages, 'blockRangeUpdate'>]: MessageFormat<Messages[Name]>;
} & { readonly blockRangeUpdate?: MessageFormat<Messages['blockRangeUpdate']> };

/** Format of a message that the version has. */
export function formatOf<Name extends keyof Messages>(
  { messages }: EthVersion,
  name: Name,
): MessageFormat<Messages[Name]> {
  return messages[name] as MessageFormat<Messages[Name]>;
}

/** Names of a version's messages by code. */
export type MessageNames = ReadonlyMap<number, keyof Messages>;

export function messageNames({ messages }: EthVersion): MessageNames {
  const formats = Object.entries(messages) as [keyof Messages, { code: number }][];
  return new Map(formats.map(([name, { code }]) => [code, name]));
}
