import { concatBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { decodeBody, decodeHeader, type RawList, type SealedBody, type SealedHeader } from '@devp2p/eth';
import { BlockError } from '../../errors/chain-error.ts';
import { ExecutionError } from '../../errors/execution-error.ts';
import { StateError, type StateErrorCode } from '../../errors/state-error.ts';
import type { BlockRef } from '../../storage/schema.ts';
import type { BuildRequest, BuiltBlock } from '../build-request.ts';
import type { CallRunner, CallRunnerParts } from '../calls/call-runner.ts';
import type { Kzg } from '../kzg/kzg.ts';
import { isEmptyCodeHash } from '../state/account-record.ts';
import type { Account, AccountProof, AccountSummary, StateChanges, StateReader } from '../state/interfaces.ts';
import { encodeAccounts } from './accounts-message.ts';
import { AncestorHashes } from './ancestor-hashes.ts';
import { type BuildMessage, type BuiltMessage, decodeBuildRequest, encodeBuiltBlock } from './build-message.ts';
import { type Channel, ownBytes } from './channel.ts';
import { GuestReads } from './guest-reads.ts';
import {
  type ExecuteParams,
  type ExecuteResult,
  type ExecutionRequests,
  RequestConnection,
  type Response,
  type SourceRequests,
  type StorageQuery,
} from './requests.ts';
import { cellProofs, verifySidecar } from './sidecar-message.ts';

/** The parts of a `StateStore` that an execution uses. */
export interface ExecutionState {
  readonly head: BlockRef;
  has(hash: Uint8Array): boolean;
  /** See `StateStore`. */
  reader(
    hash: Uint8Array,
    options?: { readonly isVerified?: boolean; readonly isGuest?: boolean },
  ): StateReader | undefined;
  prove(hash: Uint8Array, address: Uint8Array, slots: readonly bigint[]): AccountProof | undefined;
  apply(parentHash: Uint8Array, block: BlockRef, changes: StateChanges): Uint8Array;
  rootAfter(parentHash: Uint8Array, changes: StateChanges): Uint8Array;
  discard(hash: Uint8Array): void;
  isCommitDue(hash: Uint8Array): boolean;
  commit(hash: Uint8Array, options?: { readonly keep?: number }): Promise<void>;
  close(): Promise<void>;
}

/** The state of a parent, on which blocks are executed and built. */
interface ExecutionStart {
  readonly state: StateReader;
  readonly blockHash: (number: number) => Uint8Array;
  /** The state root after changes of the state. */
  readonly intermediateRoot: (changes: StateChanges) => Uint8Array;
}

/** Executes blocks and builds them. */
export interface ExecutionProcessor {
  /** See `BlockProcessor`. */
  execute(
    block: ExecutionStart & {
      readonly header: SealedHeader;
      readonly body: SealedBody;
      readonly senders?: readonly (Uint8Array | undefined)[] | undefined;
      readonly accessList?: Uint8Array | undefined;
      readonly onTransaction?: (() => void) | undefined;
    },
  ): Promise<{
    readonly receipts: RawList;
    readonly accessList: Uint8Array | undefined;
    readonly changes: StateChanges;
  }>;
  /** See `buildBlock`. */
  build(request: BuildRequest, start: ExecutionStart, onTurn: () => Promise<boolean>): Promise<BuiltBlock>;
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
  /** Creates what executes calls in this thread. @default calls are not executed */
  readonly createCalls?: ((openState: CallRunnerParts['openState']) => Promise<CallRunner>) | undefined;
  /** Loaded at its first use. */
  readonly kzg: Kzg;
  /** Waits after each block until other tasks of the thread have run. */
  readonly nextTurn: () => Promise<unknown>;
  /** Takes a function that is called with each condition that the operator should know. @default none is reported */
  readonly onNotice?: ((listener: (text: string) => void) => void) | undefined;
  /** Called with an error that is not expected. */
  readonly onFault: (error: unknown) => void;
}

/** Newest blocks whose states stay in memory after a commit, so that short reorganizations need no differences. */
const keptStates = 8;
const addressLength = 20;
/** Accounts that are read in one turn, which takes some milliseconds. */
const accountsPerTurn = 512;
const nothing: Uint8Array = new Uint8Array(0);

/**
 * Executes blocks on request. One block is executed at a time, in the order of the requests; other requests are processed
 * between two blocks, and before those that wait.
 *
 * @returns the service, whose `receive` takes requests that came over another channel
 */
export function serveExecution(channel: Channel, parts: ExecutionParts): RunningService {
  const service = new ExecutionService(
    parts,
    (hash, count): Promise<readonly Uint8Array[]> => connection.request('ancestors', { hash, count }),
  );
  const connection = new RequestConnection<SourceRequests, ExecutionRequests>(
    channel,
    {
      open: async () => ({ result: await service.open() }),
      execute: (block) => service.execute(block),
      build: async ({ build, request }) => ({ result: await service.build(build, request) }),
      account: async ({ block, address }) => ({ result: await service.account(block, address) }),
      accounts: async ({ block, addresses }) => {
        const result = await service.accounts(block, addresses);
        return { result, transfer: [result.buffer] };
      },
      code: async ({ block, address }) => ({ result: await service.code(block, address) }),
      storage: async ({ block, accounts }) => ({ result: await service.storage(block, accounts) }),
      prove: async ({ block, address, slots }) => ({ result: await service.prove(block, address, slots) }),
      guest: async (guest) => {
        service.guests.serve(guest);
        return { result: undefined };
      },
      verifySidecar: async (sidecar) => ({ result: await service.withKzg((kzg) => verifySidecar(sidecar, kzg)) }),
      cellProofs: async ({ blobs }) => ({ result: await service.withKzg((kzg) => cellProofs(blobs, kzg)) }),
      finish: async ({ build }) => {
        service.finish(build);
        return { result: undefined };
      },
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
  parts.onNotice?.((text) => {
    // The execution does not depend on it.
    connection.request('notice', { text }).catch(() => {});
  });
  return { guests: service.guests, receive: (message) => connection.receive(message) };
}

/** @see serveExecution */
export interface RunningService {
  readonly guests: GuestReads;
  receive(message: unknown): void;
}

type ProcessedBlock = Awaited<ReturnType<ExecutionProcessor['execute']>>;

class ExecutionService {
  readonly #parts: ExecutionParts;
  readonly #ancestors: AncestorHashes;
  /** Reads beside the execution. */
  readonly guests: GuestReads;
  #state: ExecutionState | undefined;
  /** Settled when the last block of those requested has been executed or built. */
  #executed: Promise<unknown> = Promise.resolve();
  /** Blocks that wait for their execution. */
  #waiting = 0;
  /** Running and waiting builds, and whether they are to end. */
  readonly #builds = new Map<number, boolean>();
  /** Settled when the last commit has ended. */
  #committed: Promise<unknown> = Promise.resolve();
  /** The last block up to which the state was to be written. */
  #wanted: Uint8Array | undefined;
  #isClosing = false;

  constructor(parts: ExecutionParts, ancestors: (hash: Uint8Array, count: number) => Promise<readonly Uint8Array[]>) {
    this.#parts = parts;
    this.#ancestors = new AncestorHashes(ancestors);
    this.guests = new GuestReads({
      state: () => this.#open,
      committed: () => this.#committed,
      hashes: (block) => this.#ancestors.from(block),
      onFault: parts.onFault,
    });
  }

  async open(): Promise<BlockRef> {
    this.#state = await this.#parts.openState();
    return this.#head;
  }

  execute(block: ExecuteParams): Promise<Response<ExecuteResult>> {
    this.#waiting++;
    return this.#inTurn(() => {
      this.#waiting--;
      return this.#execute(block);
    });
  }

  /** Builds a block, until it is full, {@link finish} is called, or another block waits for its execution. */
  build(id: number, message: BuildMessage): Promise<BuiltMessage> {
    this.#builds.set(id, false);
    return this.#inTurn(async () => {
      const { processor, crypto, nextTurn } = this.#parts;
      const request = decodeBuildRequest(message, crypto);
      const start = await this.#start(request.parent);
      const block = await processor.build(request, start, async () => {
        await nextTurn();
        return this.#waiting > 0 || this.#isClosing || this.#builds.get(id) === true;
      });
      return encodeBuiltBlock(block);
    }).finally(() => this.#builds.delete(id));
  }

  async account(block: Uint8Array, address: Uint8Array): Promise<Account | undefined> {
    return (await this.guests.reader(block)).account(address);
  }

  async code(block: Uint8Array, address: Uint8Array): Promise<Uint8Array> {
    const reader = await this.guests.reader(block);
    const account = reader.account(address);
    return account === undefined ? nothing : reader.code(account.codeHash);
  }

  async storage(block: Uint8Array, accounts: readonly StorageQuery[]): Promise<readonly (readonly bigint[])[]> {
    const reader = await this.guests.reader(block);
    return accounts.map(({ address, slots }) => slots.map((slot) => reader.storage(address, slot)));
  }

  prove(block: Uint8Array, address: Uint8Array, slots: readonly bigint[]): Promise<AccountProof> {
    return this.guests.read(block, (state) => state.prove(block, address, slots));
  }

  /** Reads accounts, of which there may be thousands: blocks are executed between two parts of them. */
  async accounts(block: Uint8Array, addresses: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    for (let start = 0; start < addresses.length; start += accountsPerTurn * addressLength) {
      const part = addresses.subarray(start, start + accountsPerTurn * addressLength);
      parts.push(
        await this.#inTurn(async () => {
          await this.#committed;
          const reader = this.#open.reader(block);
          if (reader === undefined) throw new ExecutionError('no-state', 'the state of the block is not available');
          return encodeAccounts(part, (address) => summaryOf(reader.account(address)));
        }),
      );
    }
    return concatBytes(...parts) as Uint8Array<ArrayBuffer>;
  }

  /** Computes with the KZG library, between two blocks. */
  withKzg<T>(compute: (kzg: Kzg) => T): Promise<T> {
    return this.#inTurn(async () => compute(this.#parts.kzg));
  }

  finish(id: number): void {
    if (this.#builds.has(id)) this.#builds.set(id, true);
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

  /** Runs an action after all earlier ones. */
  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#executed.then(() => {
      if (this.#isClosing) throw new ExecutionError('closed', 'the execution is closed');
      return withState(action);
    });
    this.#executed = result.catch(() => {}).then(() => this.#parts.nextTurn());
    return result;
  }

  async #execute({
    header: rawHeader,
    body: rawBody,
    accessList,
    senders,
  }: ExecuteParams): Promise<Response<ExecuteResult>> {
    const { crypto } = this.#parts;
    const header = decodeHeader(rawHeader, crypto);
    const { number, hash, parentHash } = header;
    const parent = { number: number - 1, hash: parentHash };
    const start = await this.#start(parent);
    const block = {
      header,
      body: decodeBody(rawBody),
      senders: senders && eachSender(senders),
      accessList,
      onTransaction: () => this.guests.poll(),
    };
    let result: ProcessedBlock;
    try {
      result = await this.#process({ ...start, ...block });
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      // A damaged state must not make a valid block invalid: reads of this state throw if it is damaged.
      const state = this.#reader(parent, { isVerified: true });
      result = await this.#process({ ...start, ...block, state });
    }
    this.#ancestors.add(hash, parentHash);
    const receipts = ownBytes(result.receipts.raw);
    const list = result.accessList && ownBytes(result.accessList);
    const transfer = [receipts, list].flatMap((bytes) => bytes?.buffer ?? []);
    return { result: { receipts, accessList: list }, transfer };
  }

  /** Executes a block and adds its state. @throws BlockError */
  async #process(block: Parameters<ExecutionProcessor['execute']>[0]): Promise<ProcessedBlock> {
    const { processor, checkStateRoot } = this.#parts;
    const { number, hash, parentHash } = block.header;
    const result = await processor.execute(block);
    await this.#expect(number - 1, parentHash);
    const root = await this.#apply(parentHash, { number, hash }, result.changes);
    try {
      checkStateRoot(block.header, root);
    } catch (error) {
      this.#open.discard(hash);
      throw error;
    }
    return result;
  }

  /** Adds a state. When there are too many in memory, those up to the last commit are written first. */
  async #apply(parentHash: Uint8Array, block: BlockRef, changes: StateChanges): Promise<Uint8Array> {
    try {
      return this.#open.apply(parentHash, block, changes);
    } catch (error) {
      const isFull = error instanceof StateError && error.code === 'too-many-states';
      if (!isFull || this.#wanted === undefined) throw error;
      await this.#committed;
      await this.#write(this.#wanted, 0);
      return this.#open.apply(parentHash, block, changes);
    }
  }

  /** @throws ExecutionError `no-state` */
  async #start(parent: BlockRef): Promise<ExecutionStart> {
    await this.#expect(parent.number, parent.hash);
    const blockHash = await this.#ancestors.below(parent);
    const state = this.#open;
    return {
      state: this.#reader(parent),
      blockHash,
      intermediateRoot: (changes) => state.rootAfter(parent.hash, changes),
    };
  }

  /** @throws ExecutionError `no-state` */
  async #expect(number: number, hash: Uint8Array): Promise<void> {
    if (this.#open.has(hash)) return;
    await this.#committed;
    if (!this.#open.has(hash)) throw new ExecutionError('no-state', `the state of block ${number} is not available`);
  }

  #reader({ number, hash }: BlockRef, options?: { readonly isVerified: boolean }): StateReader {
    const reader = this.#open.reader(hash, options);
    if (reader === undefined) throw new ExecutionError('no-state', `the state of block ${number} is not available`);
    return reader;
  }

  async #write(hash: Uint8Array, keep: number): Promise<void> {
    const done = this.#open.commit(hash, { keep });
    this.#committed = done.catch(() => {});
    await done;
  }
}

function summaryOf(account: Account | undefined): AccountSummary | undefined {
  return account && { nonce: account.nonce, balance: account.balance, hasCode: !isEmptyCodeHash(account.codeHash) };
}

/** Runs an action whose state may be dropped meanwhile, by a commit of another branch. @throws ExecutionError `no-state` */
async function withState<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof StateError) || !missing.has(error.code)) throw error;
    throw new ExecutionError('no-state', error.message, { cause: error });
  }
}

/** Errors of a state that is not in memory any more. */
const missing: ReadonlySet<StateErrorCode> = new Set<StateErrorCode>(['unknown-state', 'busy', 'too-many-states']);

/** Senders of a message, 20 bytes each; zeros for one that is not known. */
function eachSender(senders: Uint8Array): readonly (Uint8Array | undefined)[] {
  return Array.from({ length: senders.length / addressLength }, (_, i) => {
    const sender = senders.subarray(i * addressLength, (i + 1) * addressLength);
    return sender.some((byte) => byte !== 0) ? sender : undefined;
  });
}
