import { readFileSync } from 'node:fs';
import { toHex } from '@devp2p/bytes';
import { type Header, listRoot, type SealedBody, type SealedHeader, StackTrie } from '@devp2p/eth';
import type { Genesis } from '../../../src/config/genesis/genesis.ts';
import { BlockError } from '../../../src/errors/chain-error.ts';
import type { BlockEnd, BlockExecution, BlockResult } from '../../../src/execution/block/block-execution.ts';
import { type BlockProcessor, type BlockStart, checkStateRoot } from '../../../src/execution/block/block-processor.ts';
import { decodeTransaction } from '../../../src/validation/decode-transaction.ts';
import { crypto, encodeFields, makeBody, makeGenesis, nextHeader } from '../../chain/make-blocks.ts';
import { MemoryState } from './memory-state.ts';
import { createProcessor } from './run-chain.ts';
import { addressOf, keyOf } from './transactions.ts';

export type Era = Parameters<typeof makeGenesis>[0];

/** An account of a genesis.json. */
export interface Allocation {
  readonly balance?: string;
  readonly nonce?: string;
  readonly code?: string;
  readonly storage?: Readonly<Record<string, string>>;
}

interface WorldOptions {
  /** Accounts besides the usual ones; `undefined` removes one. */
  readonly alloc?: Readonly<Record<string, Allocation | undefined>>;
  /** Fields of genesis.json. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

type HeaderChanges = Partial<Record<keyof Header, unknown>>;

/** Contents of a block. */
export interface BlockContents {
  /** In canonical form. */
  readonly transactions?: readonly Uint8Array[];
  /** Recipients and amounts in gwei. */
  readonly withdrawals?: readonly (readonly [address: Uint8Array, amount: number])[];
  readonly uncles?: readonly SealedHeader[];
  /** Changes of the fields that are known before execution. */
  readonly fields?: HeaderChanges;
}

export interface BuiltBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  readonly result: BlockResult;
  /** The state after the block. */
  readonly state: MemoryState;
}

/** Key of an account with a large balance. */
export const richKey: Uint8Array = keyOf(1);
export const rich: Uint8Array = addressOf(richKey);

const alloc = JSON.parse(
  readFileSync(new URL('../../chain/fixtures/geth-export-genesis.json', import.meta.url), 'utf8'),
).alloc as Record<string, Allocation>;
/** Contracts that the protocol calls. */
const systemContracts = Object.entries(alloc).filter(([address]) => /^(0000|0006|000f|4e59)/.test(address));

const trie = new StackTrie(crypto);

/** A chain of one genesis block with all forks of an era, and blocks that follow it. */
export class World {
  readonly genesis: Genesis;
  readonly state: MemoryState;
  readonly processor: BlockProcessor;

  constructor(era: Era, { alloc: added = {}, fields = {} }: WorldOptions = {}) {
    const accounts = Object.fromEntries(systemContracts);
    accounts[toHex(rich)] = { balance: `0x${(10n ** 24n).toString(16)}` };
    for (const [address, account] of Object.entries(added)) {
      if (account === undefined) delete accounts[address];
      else accounts[address] = { balance: '0x0', ...account };
    }
    this.genesis = makeGenesis(era, { alloc: accounts, ...fields });
    this.state = MemoryState.of(this.genesis.accounts ?? [], crypto);
    this.processor = createProcessor(this.genesis.config, crypto);
  }

  start(): BlockStart {
    const { state, genesis } = this;
    return {
      state,
      blockHash: () => genesis.header.hash,
      intermediateRoot: (changes) => {
        const copy = state.copy();
        copy.apply(changes);
        return copy.root();
      },
    };
  }

  /** The header of an empty block after the genesis. */
  nextHeader(fields: HeaderChanges = {}): SealedHeader {
    return nextHeader(this.genesis.config, this.genesis.header, fields);
  }

  begin(fields: HeaderChanges = {}): Promise<BlockExecution> {
    return this.processor.begin(this.nextHeader(fields), this.start());
  }

  /** Builds a valid block, as a block producer does. */
  async build(contents: BlockContents = {}): Promise<BuiltBlock> {
    const { transactions = [], fields = {} } = contents;
    const execution = await this.begin(fields);
    for (const transaction of transactions) await execution.apply(decodeTransaction(transaction));
    const result = await execution.finish(endOf(contents));
    const state = this.state.copy();
    state.apply(result.changes);
    const body = this.body(contents);
    const own = this.processor.commitments(result);
    const header = this.nextHeader({
      ...fields,
      ...own,
      stateRoot: state.root(),
      blobGasUsed: this.nextHeader(fields).blobGasUsed === undefined ? undefined : own.blobGasUsed,
      transactionsRoot: listRoot(trie, body.transactions),
      unclesHash: crypto.keccak256(body.uncles.raw),
      withdrawalsRoot: body.withdrawals && listRoot(trie, body.withdrawals),
    });
    return { header, body, result, state };
  }

  body({ transactions = [], withdrawals = [], uncles = [] }: BlockContents): SealedBody {
    return makeBody(
      {
        transactions,
        uncles: uncles.map(({ raw }) => raw),
        withdrawals: withdrawals.map(([address, amount], i) => encodeFields([i, 7, address, amount])),
      },
      this.nextHeader().withdrawalsRoot !== undefined,
    );
  }

  /** Executes a block and checks its state root. @returns the error; `undefined` for a valid block */
  async check(header: SealedHeader, body: SealedBody, accessList?: Uint8Array): Promise<BlockError | undefined> {
    try {
      const result = await this.processor.execute({ header, body, accessList, ...this.start() });
      const state = this.state.copy();
      state.apply(result.changes);
      checkStateRoot(header, state.root());
      return undefined;
    } catch (error) {
      if (error instanceof BlockError) return error;
      throw error;
    }
  }

  /** The error of a block with these transactions. */
  errorOf(transactions: readonly Uint8Array[], fields: HeaderChanges = {}): Promise<BlockError | undefined> {
    return this.check(this.nextHeader(fields), this.body({ transactions }));
  }
}

function endOf({ withdrawals = [], uncles = [] }: BlockContents): BlockEnd {
  return { withdrawals: withdrawals.map(([address, amount]) => ({ address, amount: BigInt(amount) })), uncles };
}
