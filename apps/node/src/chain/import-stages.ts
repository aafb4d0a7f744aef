import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { decodeBody } from '@devp2p/eth';
import { checkForkSupported } from '../config/genesis/unsupported-forks.ts';
import { BlockError } from '../errors/chain-error.ts';
import type { ExecutionResult, Executor } from '../execution/executor.ts';
import type { Head, StoredBlock } from '../storage/block-records.ts';
import type { BlockStore } from '../storage/blocks.ts';
import type { BlockRules } from '../validation/block.ts';
import type { ChainConfig } from '../validation/chain-config.ts';
import { checkHeader } from '../validation/header.ts';
import { type Ancestor, checkUncles } from '../validation/uncles.ts';
import type { NewBlock } from './interfaces.ts';
import { checkRequiredBlock, type RequiredBlocks } from './required-blocks.ts';
import { Turns } from './turns.ts';

/** Parts of the chain that the stages use. */
export interface ImportStagesParts {
  readonly store: BlockStore;
  readonly config: ChainConfig;
  readonly rules: BlockRules;
  readonly required: RequiredBlocks;
  readonly executor: Executor;
  /** Timestamps of proof-of-work blocks may not be far ahead of it. */
  readonly clock: Pick<Clock, 'now'>;
  readonly crypto: Crypto;
  /** Ends running executions. @default not ended */
  readonly signal?: AbortSignal | undefined;
}

/** Reads an ancestor by number; `undefined` before the first block. */
export type ReadAncestor = (number: number) => Promise<Ancestor | undefined>;

/**
 * Runs blocks through the stages headers → bodies → execute.
 *
 * The next blocks are validated while the executor works on those before them: results are awaited only when
 * {@link maxPending} is reached, and at the end.
 *
 * @param blocks with consecutive numbers
 * @param parent of the first one
 * @param readAncestor reads a block below the first one. @default canonical blocks
 * @returns valid blocks, in order
 * @throws BlockError for the first block that violates a rule; ExecutionError, ChainError, the reason of the signal
 */
export type ImportStages = (
  blocks: readonly NewBlock[],
  parent: Head,
  readAncestor?: ReadAncestor,
) => AsyncGenerator<StoredBlock, void, undefined>;

/** Limits of the blocks whose results are not known yet. */
const maxPending = { blocks: 64, bytes: 16 * 1024 * 1024 };

/** A block in execution. */
interface Pending {
  readonly block: NewBlock;
  readonly result: ExecutionResult | Promise<ExecutionResult>;
}

export function createImportStages(parts: ImportStagesParts): ImportStages {
  const { store, config, rules, required, executor, clock, crypto, signal } = parts;

  /** The header by itself and with its parent. */
  const headers = ({ header }: NewBlock, parent: Head): void => {
    if (header.number === 0) throw new BlockError('number', 0, 'the genesis block cannot be replaced');
    checkRequiredBlock(required, header);
    checkForkSupported(config, header);
    checkHeader(header, {
      config,
      parent: parent.header,
      parentTotalDifficulty: parent.totalDifficulty,
      now: clock.now() / 1000,
    });
  };

  /** The contents of the block against its header. */
  const bodies = async ({ header, body, accessList }: NewBlock, ancestor: ReadAncestor): Promise<void> => {
    rules.checkBody(header, body);
    await checkUncles(header, body, config, crypto, ancestor);
    if (accessList !== undefined) rules.checkAccessList(header, accessList);
  };

  /** Hands a block over for execution. */
  const execute = (block: NewBlock, parent: Head): Pending => {
    const result = executor.execute(block, parent.header);
    // A failure is thrown when the result is awaited, unless a block before it fails.
    if (result instanceof Promise) result.catch(() => {});
    return { block, result };
  };

  /** The result of an execution. An executor with a state has checked it against the header. */
  const settle = async ({ block, result }: Pending): Promise<StoredBlock> => {
    const { header, body } = block;
    const { receipts, accessList = block.accessList } =
      result instanceof Promise ? await abortable(result, signal) : result;
    if (receipts !== undefined && !executor.hasState) {
      rules.checkReceipts(header, receipts);
      if (receipts.length !== body.transactions.length) {
        const counts = `${receipts.length} receipts for ${body.transactions.length} transactions`;
        throw new BlockError('receipts', header.number, counts);
      }
    }
    return { header, body: body.raw, receipts: receipts?.raw, accessList };
  };

  const canonicalAncestor: ReadAncestor = async (number) => {
    const stored = await store.block(number);
    return stored && { header: stored.header, uncles: decodeBody(stored.body).uncles };
  };

  return async function* run(blocks, first, readAncestor = canonicalAncestor) {
    const turns = new Turns();
    const ancestor: ReadAncestor = async (number) => {
      const inBatch = blocks[number - first.header.number - 1];
      return inBatch === undefined ? readAncestor(number) : { header: inBatch.header, uncles: inBatch.body.uncles };
    };
    const pending: Pending[] = [];
    let bytes = 0;
    const next = async (): Promise<StoredBlock> => {
      const oldest = pending.shift() as Pending;
      bytes -= oldest.block.body.raw.length;
      const valid = await settle(oldest);
      await turns.checked(valid.receipts?.length ?? 0);
      return valid;
    };
    let parent = first;
    let failure: unknown;
    for (const block of blocks) {
      const { header, body } = block;
      try {
        headers(block, parent);
        await bodies(block, ancestor);
      } catch (error) {
        failure = error;
        break;
      }
      pending.push(execute(block, parent));
      bytes += body.raw.length;
      parent = { header, totalDifficulty: parent.totalDifficulty + header.difficulty };
      await turns.checked(body.raw.length);
      while (pending.length >= maxPending.blocks || bytes >= maxPending.bytes) yield await next();
    }
    while (pending.length > 0) yield await next();
    if (failure !== undefined) throw failure;
  };
}

/** Waits for a result until the signal aborts. */
function abortable<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return result;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
