import type { Codec } from '@devp2p/rlp';
import { EthError } from '../error.ts';
import type { RawList } from '../types/raw-list.ts';
import type {
  BlockRange,
  GetBlockHeaders,
  GetByHashes,
  GetReceipts,
  Items,
  Receipts,
  Status,
  TransactionAnnouncement,
} from './messages.ts';
import * as codecs from './messages.ts';

/** What the messages of eth carry, whatever the version; how it is written depends on the version. */
export interface Messages {
  status: Status;
  transactions: RawList;
  getBlockHeaders: GetBlockHeaders;
  blockHeaders: Items;
  getBlockBodies: GetByHashes;
  blockBodies: Items;
  newPooledTransactionHashes: TransactionAnnouncement;
  getPooledTransactions: GetByHashes;
  pooledTransactions: Items;
  getReceipts: GetReceipts;
  receipts: Receipts;
}

/** Each question with the name of its answer. */
export const answers = {
  getBlockHeaders: 'blockHeaders',
  getBlockBodies: 'blockBodies',
  getReceipts: 'receipts',
  getPooledTransactions: 'pooledTransactions',
} as const;

export type Question = keyof typeof answers;
export type Answer = (typeof answers)[Question];

/** One version of eth: how many codes it occupies, and each message's code and codec. */
export interface Schema {
  readonly version: number;
  readonly length: number;
  readonly messages: { readonly [Name in keyof Messages]: MessageSchema<Messages[Name]> };
  /** eth/69 and later. */
  readonly blockRangeUpdate?: MessageSchema<BlockRange>;
}

/** Code and form of one message. */
export interface MessageSchema<T> {
  readonly code: number;
  readonly codec: Codec<T>;
}

/** eth/68 (EIP-5793). Codes 0x01 and 0x07, which announce blocks, belong to chains without a consensus layer. */
export const eth68: Schema = {
  version: 68,
  length: 17,
  messages: {
    status: { code: 0x00, codec: codecs.status68 },
    transactions: { code: 0x02, codec: codecs.transactions },
    getBlockHeaders: { code: 0x03, codec: codecs.getBlockHeaders },
    blockHeaders: { code: 0x04, codec: codecs.items },
    getBlockBodies: { code: 0x05, codec: codecs.getByHashes },
    blockBodies: { code: 0x06, codec: codecs.items },
    newPooledTransactionHashes: { code: 0x08, codec: codecs.newPooledTransactionHashes },
    getPooledTransactions: { code: 0x09, codec: codecs.getByHashes },
    pooledTransactions: { code: 0x0a, codec: codecs.pooledTransactions },
    getReceipts: { code: 0x0f, codec: codecs.getReceipts69 },
    receipts: { code: 0x10, codec: codecs.receipts69 },
  },
};

/** eth/69 (EIP-7642): block ranges. Its receipts lack the bloom, which is a matter of their items. */
export const eth69: Schema = {
  version: 69,
  length: 18,
  messages: {
    ...eth68.messages,
    status: { code: 0x00, codec: codecs.status69 },
  },
  blockRangeUpdate: { code: 0x11, codec: codecs.blockRange },
};

/** eth/70 (EIP-7975): receipts of one block in several messages. */
export const eth70: Schema = {
  ...eth69,
  version: 70,
  messages: {
    ...eth69.messages,
    getReceipts: { code: 0x0f, codec: codecs.getReceipts70 },
    receipts: { code: 0x10, codec: codecs.receipts70 },
  },
};

/** Every version that can be spoken, best first. */
const schemas: readonly Schema[] = [eth70, eth69, eth68];

/** What is offered unless the caller chooses. 68 is left out: go-ethereum v1.17.10 speaks 69 and later only. */
export const defaultVersions: readonly number[] = [70, 69];

const names: ReadonlyMap<number, ReadonlyMap<number, keyof Messages>> = new Map(
  schemas.map(({ version, messages }) => {
    const entries = Object.entries(messages) as [keyof Messages, { code: number }][];
    return [version, new Map(entries.map(([name, { code }]) => [code, name]))];
  }),
);

/** Which of {@link Schema.messages} has this code. */
export function nameOf(version: number, code: number): keyof Messages | undefined {
  return names.get(version)?.get(code);
}

/** @throws EthError `invalid-option` for a version that is not spoken. */
export function schemaOf(version: number): Schema {
  const schema = schemas.find((candidate) => candidate.version === version);
  if (schema === undefined) {
    const known = schemas.map((known) => known.version).join(', ');
    throw new EthError('invalid-option', `eth/${version} is not spoken here, only ${known}`);
  }
  return schema;
}
