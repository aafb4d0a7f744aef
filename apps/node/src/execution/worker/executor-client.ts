import type { MessagePort } from 'node:worker_threads';
import { concatBytes, equalBytes } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { BlobSidecar } from '@devp2p/eth';
import { receiptList } from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import { ExecutionError } from '../../errors/execution-error.ts';
import type { BlockRef } from '../../storage/schema.ts';
import type { BuildRequest, BuiltBlock } from '../build-request.ts';
import { type CallLane, type CallScheduler, createCallScheduler } from '../calls/call-scheduler.ts';
import type { ExecutableBlock, ExecutionResult, ExecutionSource, Executor, StateAccess } from '../executor.ts';
import { proofLength } from '../kzg/sizes.ts';
import type { Account, AccountSummary } from '../state/interfaces.ts';
import { decodeAccounts, encodeAddresses } from './accounts-message.ts';
import { decodeBuiltBlock, encodeBuildRequest } from './build-message.ts';
import type { Channel } from './channel.ts';
import type { Guest } from './guest-reads.ts';
import { type ExecutionRequests, RequestConnection, type SourceRequests } from './requests.ts';
import { divide, encodeSidecar } from './sidecar-message.ts';

/** A running execution. */
export interface ExecutionBackend {
  /** For all requests but blocks, and for all responses. */
  readonly control: Channel;
  /** For blocks to execute. */
  readonly blocks: Pick<Channel, 'post'>;
  /** Resolves with the reason when the execution has ended by itself. Pending requests get no response then. */
  readonly ended: Promise<Error>;
  /** Opens a lane for calls. @param attach has the state read for a thread */
  openLane(attach: (guest: Guest) => Promise<void>): CallLane;
  /** Ends it at once. The state keeps the blocks that have been written to it. Idempotent. */
  stop(): Promise<void>;
}

/** An execution that has ended by itself and is started again. */
export interface RestartEvent {
  readonly reason: Error;
  /** Counts from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
}

/** @see createExecutorClient */
export interface ExecutorClientOptions {
  /** Starts an execution. */
  readonly start: () => ExecutionBackend;
  readonly source: ExecutionSource;
  /** For the headers of blocks that have been built. */
  readonly crypto: Crypto;
  /** For the limit of the time that closing takes, and for the time since a restart. */
  readonly clock: Pick<Clock, 'monotonic' | 'setTimeout'>;
  /** Number of the last blocks whose states are available. @default 128 */
  readonly historyDepth?: number | undefined;
  /** Called when the execution is started again. @default not called */
  readonly onRestart?: ((event: RestartEvent) => void) | undefined;
  /** Called with each condition that the operator should know. @default not called */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** Bytes of blocks that the execution has and has not finished, at most; a single block may be larger. */
export const maxWaitingBytes: number = 64 * 1024 * 1024;
/** go-ethereum's number of recent states. */
export const defaultHistoryDepth = 128;
const maxRestarts = 3;
/**
 * Time since the last restart after which restarts are counted anew, in ms, if the state of another block has been written
 * as well: executing the same blocks again, up to one that always ends the execution, may take long on a slow machine.
 */
const stableTime = 60 * 60_000;
/** Time after which an execution that does not close is ended, in ms. A part of the time that the program has. */
const closeTimeout = 3_000;

/**
 * Opens the executor that hands blocks to an execution in another thread, or in this one.
 *
 * When the execution ends by itself, it is started again from the state on disk, and pending requests are rejected with
 * `interrupted`. The fourth time it fails, unless it has run for an hour since a restart and has written blocks.
 *
 * @throws ExecutionError, StateError
 */
export async function openExecutorClient(options: ExecutorClientOptions): Promise<Executor> {
  const client = new ExecutorClient(options);
  await client.open();
  return client;
}

/** A block that waits until there is room for it. */
interface Waiting {
  readonly block: ExecutableBlock;
  readonly bytes: number;
  resolve(result: ExecutionResult): void;
  reject(error: Error): void;
}

type Connection = RequestConnection<ExecutionRequests, SourceRequests>;

class ExecutorClient implements Executor {
  readonly hasState = true;
  readonly failed: Promise<Error>;
  readonly calls: CallScheduler;
  readonly states: StateAccess;
  readonly #options: ExecutorClientOptions;
  readonly #waiting: Waiting[] = [];
  #backend: ExecutionBackend | undefined;
  /** Absent while the execution is being started, and after its failure. */
  #connection: Connection | undefined;
  /** Bytes of the blocks that the execution has. */
  #bytes = 0;
  #head: BlockRef | undefined;
  #restarts = 0;
  /** Monotonic time of the last restart, and the block whose state was on disk. */
  #lastRestart: { readonly at: number; readonly head: BlockRef } | undefined;
  #lastBuild = 0;
  /** Settled when a restart has ended. */
  #restarted: Promise<void> = Promise.resolve();
  /** Rejects all requests. */
  #end: ExecutionError | undefined;
  #closed: Promise<void> | undefined;
  #onFailed = (_: Error): void => {};

  constructor(options: ExecutorClientOptions) {
    this.#options = options;
    this.states = {
      depth: options.historyDepth ?? defaultHistoryDepth,
      code: (block, address) => this.#request('code', { block: block.slice(), address: address.slice() }),
      storage: (block, accounts) =>
        this.#request('storage', {
          block: block.slice(),
          accounts: accounts.map(({ address, slots }) => ({ address: address.slice(), slots })),
        }),
      prove: (block, address, slots) =>
        this.#request('prove', { block: block.slice(), address: address.slice(), slots }),
    };
    this.calls = createCallScheduler({ openLane: () => this.#openLane(), clock: options.clock });
    this.failed = new Promise((resolve) => {
      this.#onFailed = resolve;
    });
  }

  get head(): BlockRef | undefined {
    return this.#head;
  }

  /** Part of opening. */
  async open(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.#backend?.stop();
      throw error;
    }
  }

  /** A lane for calls in the backend of the time. */
  #openLane(): CallLane {
    let opened: { readonly backend: ExecutionBackend; readonly lane: CallLane } | undefined;
    return {
      run: async (task, limit) => {
        if (this.#end === undefined) await this.#restarted;
        if (this.#end !== undefined) throw this.#end;
        const backend = this.#backend as ExecutionBackend;
        if (opened?.backend !== backend) {
          opened = { backend, lane: backend.openLane((guest) => this.#request('guest', guest, [guest.port])) };
        }
        return opened.lane.run(task, limit);
      },
      reset: async () => opened?.lane.reset(),
    };
  }

  execute(block: ExecutableBlock): Promise<ExecutionResult> {
    const { header, body, accessList } = block;
    const bytes = header.raw.length + body.raw.length + (accessList?.length ?? 0);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ block, bytes, resolve, reject });
      this.#sendWaiting();
    });
  }

  async build(request: BuildRequest, finish?: AbortSignal): Promise<BuiltBlock> {
    const build = ++this.#lastBuild;
    const end = (): void => {
      // A build that has ended, or with its execution, needs no end.
      this.#request('finish', { build }).catch(() => {});
    };
    finish?.addEventListener('abort', end, { once: true });
    try {
      const result = this.#request('build', { build, request: encodeBuildRequest(request) });
      if (finish?.aborted) end();
      return decodeBuiltBlock(await result, this.#options.crypto);
    } finally {
      finish?.removeEventListener('abort', end);
    }
  }

  account(block: Uint8Array, address: Uint8Array): Promise<Account | undefined> {
    return this.#request('account', { block: block.slice(), address: address.slice() });
  }

  async accounts(
    block: Uint8Array,
    addresses: readonly Uint8Array[],
  ): Promise<readonly (AccountSummary | undefined)[]> {
    const params = { block: block.slice(), addresses: encodeAddresses(addresses) };
    return decodeAccounts(await this.#request('accounts', params));
  }

  verifySidecar(sidecar: BlobSidecar): Promise<boolean> {
    return this.#request('verifySidecar', encodeSidecar(sidecar));
  }

  async cellProofs(blobs: readonly Uint8Array[]): Promise<readonly Uint8Array[] | undefined> {
    const proofs = await this.#request('cellProofs', { blobs: concatBytes(...blobs) });
    return proofs && divide(proofs, proofLength);
  }

  findState(hashes: readonly Uint8Array[]): Promise<number> {
    return this.#request('find', { hashes: hashes.map((hash) => hash.slice()) });
  }

  async commit({ number, hash }: BlockRef): Promise<void> {
    this.#head = await this.#request('commit', { number, hash: hash.slice() });
  }

  async reset(): Promise<void> {
    this.#head = await this.#request('reset', undefined);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const hasFailed = this.#end !== undefined;
    this.#end ??= new ExecutionError('closed', 'the execution is closed');
    this.#rejectWaiting(this.#end);
    const [backend, connection] = [this.#backend, this.#connection];
    if (backend === undefined) return;
    try {
      if (connection !== undefined && !hasFailed) await this.#closeState(backend, connection);
    } finally {
      connection?.end(this.#end);
      await this.calls.close();
      await backend.stop();
      await this.#restarted;
    }
  }

  /** Waits until the state is closed, up to a limit: the state on disk is consistent at any time. */
  async #closeState(backend: ExecutionBackend, connection: Connection): Promise<void> {
    let timer: { cancel(): void } | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = this.#options.clock.setTimeout(resolve, closeTimeout);
    });
    try {
      await Promise.race([connection.request('close', undefined), timeout, backend.ended]);
    } finally {
      timer?.cancel();
    }
  }

  async #request<Name extends keyof ExecutionRequests>(
    name: Name,
    params: ExecutionRequests[Name]['params'],
    transfer: readonly MessagePort[] = [],
  ): Promise<ExecutionRequests[Name]['result']> {
    if (this.#end === undefined) await this.#restarted;
    if (this.#end !== undefined) throw this.#end;
    return (this.#connection as Connection).request(name, params, transfer);
  }

  /** Sends blocks in order, as long as there is room for them. */
  #sendWaiting(): void {
    if (this.#end !== undefined) this.#rejectWaiting(this.#end);
    const [backend, connection] = [this.#backend, this.#connection];
    if (backend === undefined || connection === undefined) return;
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || (this.#bytes > 0 && this.#bytes + next.bytes > maxWaitingBytes)) return;
      this.#waiting.shift();
      void this.#send(next, backend, connection);
    }
  }

  async #send({ block, bytes, resolve, reject }: Waiting, backend: ExecutionBackend, connection: Connection) {
    this.#bytes += bytes;
    try {
      const { params, buffer } = blockMessage(block, bytes);
      const { receipts, accessList } = await connection.request('execute', params, [buffer], backend.blocks);
      resolve({ receipts: decode(receiptList, receipts), accessList });
    } catch (error) {
      reject(error as Error);
    } finally {
      this.#bytes -= bytes;
      this.#sendWaiting();
    }
  }

  #rejectWaiting(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** @throws StateError; the reason when it ends */
  async #start(): Promise<void> {
    const backend = this.#options.start();
    this.#backend = backend;
    const connection: Connection = new RequestConnection(
      backend.control,
      {
        ancestors: async ({ hash, count }) => ({ result: await this.#options.source.ancestors(hash, count) }),
        notice: async ({ text }) => {
          this.#options.onNotice?.(text);
          return { result: undefined };
        },
      },
      // The chain's store cannot be read.
      (error) => this.#fail(error as Error, `the execution cannot read the chain: ${(error as Error).message}`),
    );
    let isOpen = false;
    const ended = backend.ended.then((reason) => {
      if (isOpen) this.#onEnded(reason);
      throw reason;
    });
    ended.catch(() => {});
    this.#head = await Promise.race([connection.request('open', undefined), ended]);
    isOpen = true;
    this.#connection = connection;
    this.#sendWaiting();
  }

  #onEnded(reason: Error): void {
    if (this.#end !== undefined) return;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#restarted = this.#restart(reason);
    const interrupted = new ExecutionError('interrupted', `the execution has ended: ${reason.message}`, {
      cause: reason,
    });
    connection?.end(interrupted);
    this.#rejectWaiting(interrupted);
  }

  /** Starts the execution again, from the state on disk. */
  async #restart(reason: Error): Promise<void> {
    if (this.#isStable()) this.#restarts = 0;
    for (let last = reason; this.#end === undefined; ) {
      const attempt = ++this.#restarts;
      if (attempt > maxRestarts) {
        this.#fail(last, `the execution has ended ${attempt} times, at last with: ${last.message}`);
        return;
      }
      this.#options.onRestart?.({ reason: last, attempt, maxAttempts: maxRestarts });
      await this.calls.reset();
      await this.#backend?.stop();
      try {
        if (this.#end === undefined) await this.#start();
        const { clock } = this.#options;
        this.#lastRestart = this.#head && { at: clock.monotonic(), head: this.#head };
        return;
      } catch (error) {
        last = error as Error;
      }
    }
  }

  /** Whether the execution has run for long since the last restart, and got further than it had. */
  #isStable(): boolean {
    const [last, head] = [this.#lastRestart, this.#head];
    if (last === undefined || head === undefined) return false;
    return this.#options.clock.monotonic() - last.at >= stableTime && !equalBytes(head.hash, last.head.hash);
  }

  #fail(cause: Error, message: string): void {
    if (this.#end !== undefined) return;
    this.#end = new ExecutionError('failed', message, { cause });
    this.#connection?.end(this.#end);
    this.#rejectWaiting(this.#end);
    this.#onFailed(this.#end);
  }
}

/** A block in one buffer, which is transferred. The parts of a received block are views of larger buffers. */
function blockMessage({ header, body, accessList }: ExecutableBlock, bytes: number) {
  const buffer = new ArrayBuffer(bytes);
  let start = 0;
  const add = (content: Uint8Array): Uint8Array => {
    const part = new Uint8Array(buffer, start, content.length);
    part.set(content);
    start += content.length;
    return part;
  };
  const params = { header: add(header.raw), body: add(body.raw), accessList: accessList && add(accessList) };
  return { params, buffer };
}
