import { equalBytes, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { decodeHeader, type Header, listRoot, type SealedBody, type SealedHeader, StackTrie } from '@devp2p/eth';
import { Reader, RlpError } from '@devp2p/rlp';
import { BlockError, type BlockErrorCode } from '../../errors/chain-error.ts';
import { TransactionError } from '../../errors/transaction-error.ts';
import { blockAuthor } from '../../validation/block-author.ts';
import type { ChainConfig } from '../../validation/chain-config.ts';
import { decodeTransaction } from '../../validation/decode-transaction.ts';
import type { BlockEvm } from '../evm/evm.ts';
import { BlockState } from '../evm/state/block-state.ts';
import type { StateChanges, StateReader } from '../state/interfaces.ts';
import { AccessListBuilder, maxAccessListSize } from './access-list.ts';
import { type BlockContext, type BlockFields, type BlockHashReader, blockContext } from './block-context.ts';
import { type BalanceIncrease, type BlockEnd, BlockExecution, type BlockResult } from './block-execution.ts';
import { hashRequests } from './requests.ts';

/** Creates the EVM of a block on its state. */
export type BlockEvmFactory = (
  context: BlockContext,
  state: BlockState,
  accessList: AccessListBuilder | undefined,
) => BlockEvm | Promise<BlockEvm>;

/** What blocks are executed with. */
export interface BlockProcessorOptions {
  readonly config: ChainConfig;
  readonly crypto: Crypto;
  readonly createEvm: BlockEvmFactory;
}

/** The state that a block is executed on. */
export interface BlockStart {
  /** The state after the parent. */
  readonly state: StateReader;
  readonly blockHash: BlockHashReader;
  /**
   * The state root after changes of the parent's state. Needed before Byzantium, where receipts have the root after each
   * transaction.
   */
  readonly intermediateRoot?: ((changes: StateChanges) => Uint8Array) | undefined;
}

/** A block to execute, whose header and body are valid. */
export interface ProcessedBlock extends BlockStart {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  /** Senders of its transactions, 20 bytes each; an element that is not known may be absent. */
  readonly senders?: readonly (Uint8Array | undefined)[] | undefined;
  /** The received block access list in RLP. */
  readonly accessList?: Uint8Array | undefined;
  /** Called after each transaction. @default not called */
  readonly onTransaction?: (() => void) | undefined;
}

/** Executes blocks of a chain. */
export interface BlockProcessor {
  /** Begins a block with these fields on a state; fees go to the beneficiary, so it is not for one of Clique. Its transactions are applied one by one. */
  begin(fields: BlockFields, start: BlockStart): Promise<BlockExecution>;
  /**
   * Executes a block, and checks everything that its header says about it but the state root.
   *
   * @throws BlockError when it is invalid; any other error is a failure of the node, not of the block
   */
  execute(block: ProcessedBlock): Promise<BlockResult>;
  /** The fields of the header that the results of a block determine, all but the state root. */
  commitments(result: BlockResult): BlockCommitments;
}

/** Fields of a header that follow from execution. */
interface BlockCommitments {
  readonly gasUsed: number;
  readonly logsBloom: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  /** From Cancun on. */
  readonly blobGasUsed: number;
  /** Absent before Prague. */
  readonly requestsHash: Uint8Array | undefined;
  /** Absent before Amsterdam. */
  readonly blockAccessListHash: Uint8Array | undefined;
}

/** Creates the processor of a chain's blocks. It executes one block at a time. */
export function createBlockProcessor({ config, crypto, createEvm }: BlockProcessorOptions): BlockProcessor {
  const trie = new StackTrie(crypto);

  const begin = async (fields: BlockFields, start: BlockStart, beneficiary?: Uint8Array): Promise<BlockExecution> => {
    const context = blockContext(config, fields, start.blockHash, beneficiary);
    const state = new BlockState(start.state, crypto);
    const accessList = context.rules.amsterdam ? new AccessListBuilder(state) : undefined;
    const evm = await createEvm(context, state, accessList);
    const { intermediateRoot } = start;
    const execution = new BlockExecution({ config, context, state, evm, crypto, accessList, intermediateRoot });
    await execution.begin();
    return execution;
  };

  const commitments = (result: BlockResult): BlockCommitments => ({
    gasUsed: result.gasUsed,
    logsBloom: result.logsBloom,
    receiptsRoot: listRoot(trie, result.receiptValues),
    blobGasUsed: result.blobGasUsed,
    requestsHash: result.requests && hashRequests(result.requests),
    blockAccessListHash: result.accessList && crypto.keccak256(result.accessList),
  });

  return {
    begin: (fields, start) => begin(fields, start),
    commitments,
    async execute(block) {
      const { header, body, senders, onTransaction } = block;
      const author = blockAuthor(config, header, crypto) ?? fail('extra-data', header, 'the seal is not a signature');
      const execution = await begin(header, block, author);
      const { transactions } = body;
      for (let i = 0; i < transactions.length; i++) {
        try {
          await execution.apply(decodeTransaction(transactions.at(i)), senders?.[i]);
          onTransaction?.();
        } catch (cause) {
          if (!(cause instanceof TransactionError)) throw cause;
          fail(cause.code, header, `transaction ${i}: ${cause.message}`, cause);
        }
      }
      const result = await execution.finish(blockEnd(block, crypto));
      checkCommitments(header, commitments(result));
      checkAccessList(header, result, block.accessList);
      return result;
    },
  };
}

function checkCommitments(header: Header, own: BlockCommitments): void {
  if (header.gasUsed !== own.gasUsed) {
    fail('gas-used', header, `gas used is ${header.gasUsed}, by execution ${own.gasUsed}`);
  }
  const blobGasUsed = header.blobGasUsed ?? 0;
  if (blobGasUsed !== own.blobGasUsed) {
    fail('blob-gas', header, `blob gas used is ${blobGasUsed}, by execution ${own.blobGasUsed}`);
  }
  if (!equalBytes(header.logsBloom, own.logsBloom)) fail('bloom', header, 'logs bloom is not that of its execution');
  expect('receipts-root', 'receipts root', header, header.receiptsRoot, own.receiptsRoot);
  expect('requests-hash', 'requests hash', header, header.requestsHash, own.requestsHash);
  expect('access-list', 'block access list hash', header, header.blockAccessListHash, own.blockAccessListHash);
}

function checkAccessList(header: Header, result: BlockResult, received: Uint8Array | undefined): void {
  const { accessList, accessListSize } = result;
  if (accessList === undefined) return;
  if (received !== undefined && !equalBytes(received, accessList)) {
    fail('access-list', header, 'the received block access list is not that of its execution');
  }
  const most = maxAccessListSize(Number(header.gasLimit));
  if (accessListSize > most) {
    fail('access-list-size', header, `${accessListSize} items in the block access list, more than ${most}`);
  }
}

/**
 * Checks the root of the state after a block.
 *
 * @throws BlockError `state-root`
 */
export function checkStateRoot(header: Header, root: Uint8Array): void {
  expect('state-root', 'state root', header, header.stateRoot, root);
}

/**
 * The part of a block that is executed after its transactions.
 *
 * @throws BlockError `malformed`
 */
export function blockEnd({ header, body }: Pick<ProcessedBlock, 'header' | 'body'>, crypto: Crypto): BlockEnd {
  try {
    return {
      withdrawals: [...(body.withdrawals ?? [])].map(readWithdrawal),
      uncles: [...body.uncles].map((raw) => decodeHeader(raw, crypto)),
    };
  } catch (cause) {
    if (!(cause instanceof RlpError)) throw cause;
    fail('malformed', header, `withdrawals or uncles: ${cause.message}`, cause);
  }
}

function readWithdrawal(raw: Uint8Array): BalanceIncrease {
  const reader = new Reader(raw);
  const end = reader.enterList();
  reader.bigint(8); // index
  reader.bigint(8); // validator
  const address = reader.fixed(20);
  const amount = reader.bigint(8);
  reader.leave(end);
  return { address, amount };
}

/** Compares a hash of the header with that of the execution; neither is there before its fork. */
function expect(
  code: BlockErrorCode,
  what: string,
  header: Header,
  given: Uint8Array | undefined,
  actual: Uint8Array | undefined,
): void {
  if (given === actual || (given !== undefined && actual !== undefined && equalBytes(given, actual))) return;
  fail(code, header, `${what} is ${show(given)}, by execution ${show(actual)}`);
}

function show(hash: Uint8Array | undefined): string {
  return hash === undefined ? 'missing' : `0x${toHex(hash)}`;
}

function fail(code: BlockErrorCode, header: Header, reason: string, cause?: unknown): never {
  throw new BlockError(code, header.number, reason, cause === undefined ? {} : { cause });
}
