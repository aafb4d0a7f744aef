import { fastCrypto } from '@devp2p/crypto/fast';
import {
  bodyCodec,
  consensusReceipts,
  decodeBody,
  encodeReceipts,
  type Header,
  listRoot,
  RawList,
  type Receipt,
  receiptList,
  type SealedBody,
  type SealedHeader,
  StackTrie,
  sealHeader,
  transactionsOf,
} from '@devp2p/eth';
import { decode, encode } from '@devp2p/rlp';
import type { NewBlock } from '../../src/chain/interfaces.ts';
import { type Genesis, parseGenesis } from '../../src/config/genesis/genesis.ts';
import { blobParameters, type ChainConfig } from '../../src/validation/chain-config.ts';
import { workDifficulty } from '../../src/validation/difficulty.ts';
import { emptyListHash, emptyRequestsHash, emptyTrieRoot } from '../../src/validation/empty-roots.ts';
import { nextBaseFee, nextExcessBlobGas } from '../../src/validation/fees.ts';

export const crypto = fastCrypto;

const blockForks = [
  ...['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg'],
  ...['istanbul', 'berlin', 'london'],
];
const timeForks = ['shanghai', 'cancun', 'prague', 'osaka', 'amsterdam'] as const;
const blobs = { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 };

type Era = (typeof timeForks)[number] | 'merge' | 'work';
type GenesisChanges = { config?: object } & Record<string, unknown>;

/** A genesis with every fork up to `last` active from the start. `work` is London before the merge. */
export function makeGenesis(last: Era, changes: GenesisChanges = {}): Genesis {
  return parseGenesis(genesisText(last, changes), crypto);
}

/** The genesis.json of {@link makeGenesis}. */
export function genesisText(last: Era, changes: GenesisChanges = {}): string {
  const { config, ...fields } = changes;
  const times = timeForks.slice(0, timeForks.indexOf(last as 'osaka') + 1);
  const json = {
    config: {
      chainId: 1234,
      ...Object.fromEntries(blockForks.map((name) => [`${name}Block`, 0])),
      ...Object.fromEntries(times.map((name) => [`${name}Time`, 0])),
      ...(last === 'work' ? {} : { terminalTotalDifficulty: 0 }),
      blobSchedule: { cancun: blobs, prague: { ...blobs, target: 6, max: 9 } },
      ...config,
    },
    timestamp: 1000,
    gasLimit: 30_000_000,
    difficulty: last === 'work' ? 200_000 : 0,
    baseFeePerGas: 1_000_000_000,
    alloc: {},
    ...fields,
  };
  return JSON.stringify(json);
}

/** A valid header after `parent`, of an empty block, to which `changes` are then applied. */
export function nextHeader(
  config: ChainConfig,
  parent: SealedHeader,
  changes: Partial<Record<keyof Header, unknown>> = {},
): SealedHeader {
  const number = parent.number + 1;
  const timestamp = (changes.timestamp as number | undefined) ?? parent.timestamp + 12;
  const { forks, terminalTotalDifficulty } = config;
  const since = (time: number | bigint): boolean => number >= forks.london && timestamp >= time;
  const blobParams = blobParameters(config, timestamp);
  const header: Header = {
    parentHash: parent.hash,
    unclesHash: emptyListHash,
    beneficiary: new Uint8Array(20),
    stateRoot: new Uint8Array(32).fill(number & 0xff),
    transactionsRoot: emptyTrieRoot,
    receiptsRoot: emptyTrieRoot,
    logsBloom: new Uint8Array(256),
    difficulty: terminalTotalDifficulty === 0n ? 0n : workDifficulty(config, parent, timestamp),
    number,
    gasLimit: number === forks.london ? Number(parent.gasLimit) * 2 : parent.gasLimit,
    gasUsed: 0,
    timestamp,
    extraData: new Uint8Array(),
    mixHash: new Uint8Array(32),
    nonce: new Uint8Array(8),
    ...(number >= forks.london && { baseFeePerGas: nextBaseFee(config, parent) }),
    ...(since(forks.shanghai) && { withdrawalsRoot: emptyTrieRoot }),
    ...(since(forks.cancun) &&
      blobParams && {
        blobGasUsed: 0,
        excessBlobGas: nextExcessBlobGas(config, blobParams, parent, timestamp),
        parentBeaconBlockRoot: new Uint8Array(32),
      }),
    ...(since(forks.prague) && { requestsHash: emptyRequestsHash }),
    ...(since(forks.amsterdam) && { blockAccessListHash: emptyListHash, slotNumber: number }),
  };
  return sealHeader(withChanges(header, changes), crypto);
}

/** A copy with changed fields. `undefined` removes a field. */
export function withChanges(header: Header, changes: Partial<Record<keyof Header, unknown>>): Header {
  const entries = Object.entries({ ...header, ...changes });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as unknown as Header;
}

/** Contents of a test block. */
export interface Contents {
  /** In canonical form. */
  transactions?: readonly Uint8Array[];
  uncles?: readonly Uint8Array[];
  withdrawals?: readonly Uint8Array[];
  receipts?: readonly Receipt[];
}

export function makeBody(contents: Contents, withWithdrawals: boolean): SealedBody {
  return decodeBody(
    encode(bodyCodec, {
      transactions: transactionsOf(contents.transactions ?? []),
      uncles: RawList.of(contents.uncles ?? []),
      ...(withWithdrawals && { withdrawals: RawList.of(contents.withdrawals ?? []) }),
    }),
  );
}

export function makeReceipts(receipts: readonly Receipt[]): RawList {
  return decode(receiptList, encodeReceipts(receipts));
}

/** A receipt without logs. */
export function plainReceipt(cumulativeGas: number, changes: Partial<Receipt> = {}): Receipt {
  return { type: 0, outcome: true, cumulativeGas, logs: [], ...changes };
}

/** A legacy transfer with an invalid signature, which checks without execution do not detect. */
export function transfer(nonce: number): Uint8Array {
  return encodeFields([nonce, 1, 21_000, new Uint8Array(20).fill(5), 1, 0, 27, 1, 1]);
}

/** An RLP list of integers, byte strings and lists. */
export type Field = number | Uint8Array | readonly Field[];

export function encodeFields(fields: readonly Field[]): Uint8Array {
  return encode(treeCodec, fields);
}

const treeCodec = {
  read(): Field {
    throw new Error('for writing only');
  },
  write(writer: import('@devp2p/rlp').Writer, field: Field): void {
    if (typeof field === 'number') writer.uint(field);
    else if (field instanceof Uint8Array) writer.string(field);
    else {
      const mark = writer.length;
      for (const item of [...field].reverse()) treeCodec.write(writer, item);
      writer.wrapList(mark);
    }
  },
};

const trie = new StackTrie(crypto);

/** A valid block after `parent`, with the roots of its contents, to whose header `changes` are then applied. */
export function nextBlock(
  config: ChainConfig,
  parent: SealedHeader,
  contents: Contents = {},
  changes: Partial<Record<keyof Header, unknown>> = {},
): NewBlock & { receipts: RawList } {
  const plain = nextHeader(config, parent, changes);
  const body = makeBody(contents, plain.withdrawalsRoot !== undefined);
  const gas = body.transactions.length * 21_000;
  const receipts = makeReceipts(
    contents.receipts ??
      [...body.transactions].map((tx, i) =>
        plainReceipt((i + 1) * 21_000, { type: (tx[0] as number) < 0xc0 ? (tx[0] as number) : 0 }),
      ),
  );
  const { receipts: values, bloom } = consensusReceipts(receipts, crypto);
  const header = nextHeader(config, parent, {
    transactionsRoot: listRoot(trie, body.transactions),
    unclesHash: crypto.keccak256(body.uncles.raw),
    receiptsRoot: listRoot(trie, values),
    logsBloom: bloom,
    gasUsed: gas,
    ...(body.withdrawals && { withdrawalsRoot: listRoot(trie, body.withdrawals) }),
    ...changes,
  });
  return { header, body, receipts };
}

/** `count` blocks on top of `parent`, each with a few transfers. */
export function makeChain(
  config: ChainConfig,
  parent: SealedHeader,
  count: number,
  changes: Partial<Record<keyof Header, unknown>> = {},
): (NewBlock & { receipts: RawList })[] {
  const blocks: (NewBlock & { receipts: RawList })[] = [];
  let last = parent;
  for (let i = 0; i < count; i++) {
    const transactions = Array.from({ length: i % 4 }, (_, n) => transfer(n));
    const block = nextBlock(config, last, { transactions }, changes);
    blocks.push(block);
    last = block.header;
  }
  return blocks;
}
