import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { ExecutionError } from '../../errors/execution-error.ts';
import { StateError } from '../../errors/state-error.ts';
import type { OpenedState } from '../calls/call-runner.ts';
import type { Account, StateReader } from '../state/interfaces.ts';
import { type ErrorMessage, encodeError } from './error-message.ts';
import type { ExecutionState } from './execution-service.ts';

/** A read of the state after a block, by a thread that waits for the answer. */
export type GuestQuery = { readonly id: number; readonly block: Uint8Array } & (
  | { readonly type: 'account' | 'has-storage'; readonly address: Uint8Array }
  | { readonly type: 'storage'; readonly address: Uint8Array; readonly slot: bigint }
  | { readonly type: 'code'; readonly hash: Uint8Array }
  /** Hashes of a block's ancestors, from its own on, 32 bytes each. */
  | { readonly type: 'hashes'; readonly number: number }
);

export type GuestResult = Account | bigint | boolean | Uint8Array | undefined;

/** The answer to a {@link GuestQuery}. */
export type GuestAnswer =
  | { readonly id: number; readonly result: GuestResult }
  | { readonly id: number; readonly error: ErrorMessage };

/** A thread that reads states: its queries, and a counter of the answers, at which it waits. */
export interface Guest {
  readonly port: MessagePort;
  readonly answered: Int32Array;
}

const hashLength = 32;

/** @see GuestReads */
export interface GuestReadsOptions {
  readonly state: () => ExecutionState;
  /** Resolves when no commit is in progress. */
  readonly committed: () => Promise<unknown>;
  /** Hashes from a block down to 255 blocks before it, 32 bytes each. */
  readonly hashes: (block: { readonly number: number; readonly hash: Uint8Array }) => Promise<Uint8Array>;
  /** Called with an error that is not expected. */
  readonly onFault: (error: unknown) => void;
}

/** Reads of states beside the execution of blocks, which neither wait for it nor change its caches. */
export class GuestReads {
  readonly #options: GuestReadsOptions;
  readonly #guests = new Set<Guest>();

  constructor(options: GuestReadsOptions) {
    this.#options = options;
  }

  /**
   * Reads the state after a block.
   *
   * @param read returns `undefined` when the state is not available
   * @throws ExecutionError `no-state`; StateError
   */
  async read<T>(block: Uint8Array, read: (state: ExecutionState) => T | undefined): Promise<T> {
    // During a commit the states of other branches are not available.
    if (!this.#options.state().has(block)) await this.#options.committed();
    try {
      const result = read(this.#options.state());
      if (result !== undefined) return result;
    } catch (error) {
      if (!(error instanceof StateError) || !['busy', 'unknown-state'].includes(error.code)) throw error;
    }
    throw new ExecutionError('no-state', 'the state of the block is not available');
  }

  /** The reader of the state after a block. @throws as {@link read} */
  reader(block: Uint8Array): Promise<StateReader> {
    return this.read(block, (state) => state.reader(block, { isGuest: true }));
  }

  /** The state after a block, and the hashes of blocks up to it. @throws as {@link read} */
  async open(block: { readonly number: number; readonly hash: Uint8Array }): Promise<OpenedState> {
    const [state, hashes] = await Promise.all([this.reader(block.hash), this.#options.hashes(block)]);
    return {
      state,
      blockHash: (number) => {
        const start = (block.number - number) * hashLength;
        return start < 0 || start >= hashes.length
          ? new Uint8Array(hashLength)
          : hashes.slice(start, start + hashLength);
      },
    };
  }

  /** Answers the queries of a thread until its port is closed. */
  serve(guest: Guest): void {
    this.#guests.add(guest);
    guest.port.on('message', (query) => void this.#answer(guest, query as GuestQuery));
    guest.port.on('close', () => this.#guests.delete(guest));
  }

  /** Answers one query of each thread that waits: called while blocks are executed. */
  poll(): void {
    for (const guest of this.#guests) {
      const received = receiveMessageOnPort(guest.port);
      if (received !== undefined) void this.#answer(guest, received.message as GuestQuery);
    }
  }

  async #answer({ port, answered }: Guest, query: GuestQuery): Promise<void> {
    const { id } = query;
    let answer: GuestAnswer;
    try {
      const result = this.#answerNow(query) ?? (await this.#answerLater(query));
      answer = { id, result: result.value };
    } catch (error) {
      const expected = encodeError(error);
      if (expected === undefined) return this.#options.onFault(error);
      answer = { id, error: expected };
    }
    port.postMessage(answer);
    Atomics.add(answered, 0, 1);
    Atomics.notify(answered, 0);
  }

  /** The answer, unless it has to wait for a commit. */
  #answerNow(query: GuestQuery): { readonly value: GuestResult } | undefined {
    if (query.type === 'hashes') return undefined;
    const state = this.#options.state();
    const reader = state.has(query.block) ? state.reader(query.block, { isGuest: true }) : undefined;
    return reader && { value: answerFrom(reader, query) };
  }

  async #answerLater(query: GuestQuery): Promise<{ readonly value: GuestResult }> {
    if (query.type === 'hashes') {
      return { value: await this.#options.hashes({ number: query.number, hash: query.block }) };
    }
    return { value: answerFrom(await this.reader(query.block), query) };
  }
}

function answerFrom(reader: StateReader, query: Exclude<GuestQuery, { type: 'hashes' }>): GuestResult {
  switch (query.type) {
    case 'account': {
      const account = reader.account(query.address);
      return account && { nonce: account.nonce, balance: account.balance, codeHash: account.codeHash };
    }
    case 'has-storage':
      return reader.hasStorage(query.address);
    case 'storage':
      return reader.storage(query.address, query.slot);
    case 'code':
      return reader.code(query.hash);
  }
}
