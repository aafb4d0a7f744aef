import type { Crypto } from '@devp2p/crypto';
import { decodeBody, decodeHeader, type RawList, type SealedBody, type SealedHeader } from '@devp2p/eth';
import { ExecutionError } from '../../errors/execution-error.ts';
import { StateError } from '../../errors/state-error.ts';
import type { BlockRef } from '../../storage/schema.ts';
import type { StateChanges, StateReader } from '../state/interfaces.ts';
import { AncestorHashes } from './ancestor-hashes.ts';
import { type Channel, ownBytes } from './channel.ts';
import {
  type ExecuteParams,
  type ExecuteResult,
  type ExecutionRequests,
  RequestConnection,
  type Response,
  type SourceRequests,
} from './requests.ts';

/** The parts of a `StateStore` that an execution uses. */
export interface ExecutionState {
  readonly head: BlockRef;
  has(hash: Uint8Array): boolean;
  reader(hash: Uint8Array): StateReader | undefined;
  apply(parentHash: Uint8Array, block: BlockRef, changes: StateChanges): Uint8Array;
  rootAfter(parentHash: Uint8Array, changes: StateChanges): Uint8Array;
  discard(hash: Uint8Array): void;
  isCommitDue(hash: Uint8Array): boolean;
  commit(hash: Uint8Array, options?: { readonly keep?: number }): Promise<void>;
  close(): Promise<void>;
}

/** The parts of a `BlockProcessor` that an execution uses. */
export interface ExecutionProcessor {
  execute(block: {
    readonly header: SealedHeader;
    readonly body: SealedBody;
    readonly state: StateReader;
    readonly blockHash: (number: number) => Uint8Array;
    readonly intermediateRoot: (changes: StateChanges) => Uint8Array;
    readonly senders?: readonly (Uint8Array | undefined)[] | undefined;
    readonly accessList?: Uint8Array | undefined;
  }): Promise<{
    readonly receipts: RawList;
    readonly accessList: Uint8Array | undefined;
    readonly changes: StateChanges;
  }>;
}

/** Collaborators of {@link serveExecution}. */
export interface ExecutionParts {
  /** @throws StateError */
  readonly openState: () => Promise<ExecutionState>;
  /** Replaces the state by the one of the genesis. @throws StateError */
  readonly resetState: (state: ExecutionState) => Promise<ExecutionState>;
  readonly processor: ExecutionProcessor;
  /** @throws BlockError `state-root` */
  readonly checkStateRoot: (header: SealedHeader, root: Uint8Array) => void;
  readonly crypto: Crypto;
  /** Waits after each block until other tasks of the thread have run. */
  readonly nextTurn: () => Promise<unknown>;
  /** Called with an error that is not expected. */
  readonly onFault: (error: unknown) => void;
}

/** Newest blocks whose states stay in memory after a commit, so that short reorganizations need no differences. */
const keptStates = 8;
const addressLength = 20;

/**
 * Executes blocks on request. One block is executed at a time, in the order of the requests; other requests are processed
 * between two blocks, and before those that wait.
 *
 * @returns a function that receives requests which came over another channel
 */
export function serveExecution(channel: Channel, parts: ExecutionParts): (message: unknown) => void {
  const service = new ExecutionService(
    parts,
    (hash, count): Promise<readonly Uint8Array[]> => connection.request('ancestors', { hash, count }),
  );
  const connection = new RequestConnection<SourceRequests, ExecutionRequests>(
    channel,
    {
      open: async () => ({ result: await service.open() }),
      execute: (block) => service.execute(block),
      find: async ({ hashes }) => ({ result: await service.find(hashes) }),
      commit: async (head) => ({ result: await service.commit(head) }),
      reset: async () => ({ result: await service.reset() }),
      close: async () => {
        await service.close();
        return { result: undefined };
      },
    },
    parts.onFault,
  );
  return (message) => connection.receive(message);
}

class ExecutionService {
  readonly #parts: ExecutionParts;
  readonly #ancestors: AncestorHashes;
  #state: ExecutionState | undefined;
  /** Settled when the last block of those requested has been executed. */
  #executed: Promise<unknown> = Promise.resolve();
  /** Settled when the last commit has ended. */
  #committed: Promise<unknown> = Promise.resolve();
  /** The last block up to which the state was to be written. */
  #wanted: Uint8Array | undefined;
  #isClosing = false;

  constructor(parts: ExecutionParts, ancestors: (hash: Uint8Array, count: number) => Promise<readonly Uint8Array[]>) {
    this.#parts = parts;
    this.#ancestors = new AncestorHashes(ancestors);
  }

  async open(): Promise<BlockRef> {
    this.#state = await this.#parts.openState();
    return this.#head;
  }

  execute(block: ExecuteParams): Promise<Response<ExecuteResult>> {
    const result = this.#executed.then(() => this.#execute(block));
    this.#executed = result.catch(() => {}).then(() => this.#parts.nextTurn());
    return result;
  }

  async find(hashes: readonly Uint8Array[]): Promise<number> {
    // During a commit the states of other branches are not available.
    await this.#committed;
    return hashes.findIndex((hash) => this.#open.has(hash));
  }

  async commit({ number, hash }: BlockRef): Promise<BlockRef> {
    await this.#expect(number, hash);
    this.#wanted = hash;
    if (this.#open.isCommitDue(hash)) await this.#write(hash, keptStates);
    return this.#head;
  }

  async reset(): Promise<BlockRef> {
    await this.#committed;
    this.#wanted = undefined;
    this.#state = await this.#parts.resetState(this.#open);
    return this.#head;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#executed;
    const wanted = this.#wanted;
    try {
      await this.#committed;
      if (wanted !== undefined && this.#state?.has(wanted)) await this.#write(wanted, 0);
    } finally {
      await this.#state?.close();
    }
  }

  get #open(): ExecutionState {
    if (this.#state === undefined) throw new StateError('closed', 'the state is not open');
    return this.#state;
  }

  get #head(): BlockRef {
    const { number, hash } = this.#open.head;
    return { number, hash };
  }

  async #execute({
    header: rawHeader,
    body: rawBody,
    accessList,
    senders,
  }: ExecuteParams): Promise<Response<ExecuteResult>> {
    if (this.#isClosing) throw new ExecutionError('closed', 'the execution is closed');
    const { processor, crypto, checkStateRoot } = this.#parts;
    const header = decodeHeader(rawHeader, crypto);
    const { number, hash, parentHash } = header;
    const body = decodeBody(rawBody);
    const parent = { number: number - 1, hash: parentHash };
    await this.#expect(parent.number, parentHash);
    const blockHash = await this.#ancestors.below(parent);
    const state = this.#open;
    const result = await processor.execute({
      header,
      body,
      state: this.#reader(parent),
      blockHash,
      intermediateRoot: (changes) => state.rootAfter(parentHash, changes),
      senders: senders && eachSender(senders),
      accessList,
    });
    await this.#expect(parent.number, parentHash);
    const root = state.apply(parentHash, { number, hash }, result.changes);
    try {
      checkStateRoot(header, root);
    } catch (error) {
      state.discard(hash);
      throw error;
    }
    this.#ancestors.add(hash, parentHash);
    const receipts = ownBytes(result.receipts.raw);
    const list = result.accessList && ownBytes(result.accessList);
    const transfer = [receipts, list].flatMap((bytes) => bytes?.buffer ?? []);
    return { result: { receipts, accessList: list }, transfer };
  }

  /** @throws ExecutionError `no-state` */
  async #expect(number: number, hash: Uint8Array): Promise<void> {
    if (this.#open.has(hash)) return;
    await this.#committed;
    if (!this.#open.has(hash)) throw new ExecutionError('no-state', `the state of block ${number} is not available`);
  }

  #reader({ number, hash }: BlockRef): StateReader {
    const reader = this.#open.reader(hash);
    if (reader === undefined) throw new ExecutionError('no-state', `the state of block ${number} is not available`);
    return reader;
  }

  async #write(hash: Uint8Array, keep: number): Promise<void> {
    const done = this.#open.commit(hash, { keep });
    this.#committed = done.catch(() => {});
    await done;
  }
}

/** Senders of a message, 20 bytes each; zeros for one that is not known. */
function eachSender(senders: Uint8Array): readonly (Uint8Array | undefined)[] {
  return Array.from({ length: senders.length / addressLength }, (_, i) => {
    const sender = senders.subarray(i * addressLength, (i + 1) * addressLength);
    return sender.some((byte) => byte !== 0) ? sender : undefined;
  });
}
