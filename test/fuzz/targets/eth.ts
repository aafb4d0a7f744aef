import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import {
  bodyCodec,
  consensusReceipts,
  decodeBlock,
  decodeBody,
  decodeHeader,
  encodeBlock,
  encodeReceipts,
  ethVersion,
  forkIdCodec,
  type Header,
  headerCodec,
  RawList,
  type Receipt,
  receiptList,
  transactionHash,
  withdrawalCodec,
} from '@devp2p/eth';
import { type Codec, decode, encode, list, RlpError } from '@devp2p/rlp';
import { addBlooms, removeBlooms } from '../../../packages/eth/src/wire/receipt-encoding.ts';
import { type Target, target } from '../target.ts';

const errors = [RlpError];
const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

const legacyHeader: Header = {
  parentHash: hash(1),
  unclesHash: hash(2),
  beneficiary: new Uint8Array(20),
  stateRoot: hash(3),
  transactionsRoot: hash(4),
  receiptsRoot: hash(5),
  logsBloom: new Uint8Array(256),
  difficulty: 2n ** 70n,
  number: 1,
  gasLimit: 30_000_000,
  gasUsed: 0,
  timestamp: 1_700_000_000,
  extraData: new Uint8Array(32),
  mixHash: hash(6),
  nonce: new Uint8Array(8),
} as Header;
const newHeader: Header = {
  ...legacyHeader,
  baseFeePerGas: 7n,
  withdrawalsRoot: hash(7),
  blobGasUsed: 131_072,
  excessBlobGas: 0,
  parentBeaconBlockRoot: hash(8),
  requestsHash: hash(9),
};
export const headers: readonly Uint8Array[] = [legacyHeader, newHeader].map((header) => encode(headerCodec, header));

const withdrawal = encode(withdrawalCodec, {
  index: 1,
  validatorIndex: 7,
  address: new Uint8Array(20),
  amount: 5n,
});
const legacyTransaction = Uint8Array.of(0xca, 1, 2, 3, 0x80, 4, 0x80, 27, 5, 6, 7);
const typedTransaction = Uint8Array.of(2, 0xcc, ...new Uint8Array(12).fill(0x80));
/** With its sidecar: the payload is the first item of a list. */
const blobTransaction = Uint8Array.of(3, 0xcd, 0xc9, ...new Uint8Array(9).fill(0x80), 0xc0, 0xc0, 0xc0);
const transactionItems = [
  legacyTransaction,
  Uint8Array.of(0x80 + typedTransaction.length, ...typedTransaction),
  Uint8Array.of(0x80 + blobTransaction.length, ...blobTransaction),
];
const some = encode(list(rawItem()), transactionItems);

/** Encoded items. */
function rawItem(): Codec<Uint8Array> {
  return {
    read: (reader) => reader.item(),
    write: (writer, value) => writer.copy(value),
  };
}

const lists = list(rawItem());
const empty = Uint8Array.of(0xc0);
const withdrawals = encode(lists, [withdrawal, withdrawal]);
export const bodies: readonly Uint8Array[] = [
  encode(lists, [empty, empty]),
  encode(lists, [some, encode(lists, [headers[0] ?? empty]), withdrawals]),
];

const log = { address: new Uint8Array(20), topics: [hash(1), hash(2)], data: new Uint8Array(5) };
const receipts: readonly Receipt[] = [
  { type: 0, outcome: true, cumulativeGas: 21_000, logs: [] },
  { type: 2, outcome: false, cumulativeGas: 90_000, logs: [log, log] },
  { type: 0, outcome: hash(3), cumulativeGas: 100_000, logs: [log] },
];
export const blockReceipts: Uint8Array = encodeReceipts(receipts);

const forkId = { hash: 0x01020304, next: 2n ** 63n };
const requestId = 2n ** 64n - 1n;
const range = { earliest: 0, latest: 500, latestHash: hash(1) };
const base = { networkId: 1n, genesisHash: hash(2), forkId, latestHash: hash(1) };
const hashes = [hash(1), hash(2), hash(3)];

const blocks = bodies.map((body) => encodeBlock(headers[1] ?? empty, body));

/** A value of each message of any version. */
const messages: Readonly<Record<string, readonly object[]>> = {
  newBlock: blocks.map((block) => ({ block, totalDifficulty: 2n ** 80n })),
  newBlockHashes: [hashes.map((hash, number) => ({ hash, number }))],
  transactions: [decode(ethVersion(70).messages.transactions.codec, some)],
  getBlockHeaders: [
    { requestId, query: { origin: 5n, amount: 1n, skip: 0n, reverse: false } },
    { requestId: 0n, query: { origin: hash(1), amount: 192n, skip: 1n, reverse: true } },
  ],
  blockHeaders: [{ requestId, items: headers }],
  getBlockBodies: [{ requestId, hashes }],
  blockBodies: [{ requestId, items: bodies }],
  newPooledTransactionHashes: [{ types: Uint8Array.of(0, 2, 3), sizes: [100, 200, 131_072], hashes }],
  getPooledTransactions: [{ requestId, hashes }],
  pooledTransactions: [{ requestId, items: transactionItems }],
  getReceipts: [{ requestId, hashes, firstBlockReceiptIndex: 0 }],
  receipts: [{ requestId, items: [blockReceipts, empty], lastBlockIncomplete: false }],
};

/** Every message of every version; messages that are the same in several versions appear once. */
function messageTargets(): Target[] {
  const targets: Target[] = [];
  const seen = new Map<string, Set<unknown>>();
  for (const version of [70, 69, 68]) {
    const { messages: formats } = ethVersion(version);
    const status = {
      ...base,
      ...(version === 68 ? { totalDifficulty: 2n ** 80n } : range),
      version,
    };
    for (const [name, { codec: typed }] of Object.entries(formats)) {
      const codecs = seen.get(name) ?? new Set();
      seen.set(name, codecs.add(typed));
      if (codecs.size === targets.filter((one) => one.name.endsWith(` ${name}`)).length) continue;
      const codec = typed as Codec<unknown>;
      const values = messages[name] ?? [name === 'status' ? status : range];
      targets.push(
        target({
          name: `eth/${version} ${name}`,
          structure: 'rlp',
          corpus: values.map((value) => encode(codec, value)),
          errors,
          decode: (input) => decode(codec, input),
          encode: (value) => encode(codec, value),
          isCanonical: true,
        }),
      );
    }
  }
  return targets;
}

export const ethTargets: readonly Target[] = [
  ...messageTargets(),
  target({
    name: 'eth header',
    structure: 'rlp',
    corpus: headers,
    errors,
    decode: (input) => decodeHeader(input, crypto),
    encode: (header) => encode(headerCodec, header),
    isCanonical: true,
  }),
  target({
    name: 'eth body',
    structure: 'rlp',
    corpus: bodies,
    errors,
    decode: decodeBody,
    encode: (body) => encode(bodyCodec, body),
    isCanonical: true,
    check({ transactions }) {
      for (const transaction of transactions) {
        try {
          transactionHash(transaction, crypto);
        } catch (error) {
          if (!(error instanceof RlpError)) throw error;
        }
      }
    },
  }),
  target({
    name: 'eth block',
    structure: 'rlp',
    corpus: blocks,
    errors,
    decode: (input) => decodeBlock(input, crypto),
    encode: ({ header, body }) => encodeBlock(header.raw, body.raw),
    isCanonical: true,
  }),
  target({
    name: 'eth receipts',
    structure: 'rlp',
    corpus: [blockReceipts, empty],
    errors,
    decode: (input) => decode(receiptList, input),
    encode: (value: RawList) => value.raw,
    isCanonical: true,
    check(value) {
      try {
        consensusReceipts(value, crypto);
        addBlooms(value.raw, crypto);
      } catch (error) {
        if (!(error instanceof RlpError)) throw error;
      }
    },
  }),
  target({
    name: 'eth/68 receipts of a block',
    structure: 'rlp',
    corpus: [addBlooms(blockReceipts, crypto), empty],
    errors,
    decode: removeBlooms,
    check(value) {
      if (!(value instanceof RawList)) throw new TypeError('not a list');
    },
  }),
  target({
    name: 'eth fork id',
    structure: 'rlp',
    corpus: [encode(forkIdCodec, forkId)],
    errors,
    decode: (input) => decode(forkIdCodec, input),
    encode: (value) => encode(forkIdCodec, value),
    isCanonical: true,
  }),
];
