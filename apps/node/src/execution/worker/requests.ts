import type { MessagePort } from 'node:worker_threads';
import type { BlockRef } from '../../storage/schema.ts';
import type { Account, AccountProof } from '../state/interfaces.ts';
import type { BuildMessage, BuiltMessage } from './build-message.ts';
import type { Channel } from './channel.ts';
import { decodeError, type ErrorMessage, encodeError } from './error-message.ts';
import type { Guest } from './guest-reads.ts';
import type { SidecarMessage } from './sidecar-message.ts';

/** Parameters and result of each request, by its name. */
export type RequestTypes = Record<string, { readonly params: unknown; readonly result: unknown }>;

/** Requests to the execution. */
export type ExecutionRequests = {
  /** Opens the state. */
  open: { params: undefined; result: BlockRef };
  execute: { params: ExecuteParams; result: ExecuteResult };
  build: { params: { readonly build: number; readonly request: BuildMessage }; result: BuiltMessage };
  /** Reads an account after a block. */
  account: {
    params: { readonly block: Uint8Array; readonly address: Uint8Array };
    result: Account | undefined;
  };
  /** Reads accounts after a block; see `accounts-message.ts`. */
  accounts: {
    params: { readonly block: Uint8Array; readonly addresses: Uint8Array };
    result: Uint8Array;
  };
  /** Reads the code of an account after a block; empty without one. */
  code: { params: { readonly block: Uint8Array; readonly address: Uint8Array }; result: Uint8Array };
  /** Reads slots after a block. */
  storage: {
    params: { readonly block: Uint8Array; readonly accounts: readonly StorageQuery[] };
    result: readonly (readonly bigint[])[];
  };
  /** Proves an account after a block, and some of its slots. */
  prove: {
    params: { readonly block: Uint8Array; readonly address: Uint8Array; readonly slots: readonly bigint[] };
    result: AccountProof;
  };
  /** Adds a thread that reads states. */
  guest: { params: Guest; result: undefined };
  /** Verifies the proofs of blobs. */
  verifySidecar: { params: SidecarMessage; result: boolean };
  /** Computes the proofs of the cells of blobs. */
  cellProofs: { params: { readonly blobs: Uint8Array }; result: Uint8Array | undefined };
  /** Has a build end with the transactions that its block has. */
  finish: { params: { readonly build: number }; result: undefined };
  /** The position of the first block with a state. */
  find: { params: { readonly hashes: readonly Uint8Array[] }; result: number };
  /** Has the state written up to a block. The result is the block whose state is on disk. */
  commit: { params: BlockRef; result: BlockRef };
  /** Replaces the state by the one of the genesis. */
  reset: { params: undefined; result: BlockRef };
  /** Closes the state. The last committed block is written to disk. */
  close: { params: undefined; result: undefined };
};

/** Requests of the execution. */
export type SourceRequests = {
  /** See `ExecutionSource.ancestors`. */
  ancestors: { params: { readonly hash: Uint8Array; readonly count: number }; result: readonly Uint8Array[] };
  /** Reports a condition that the operator should know. */
  notice: { params: { readonly text: string }; result: undefined };
};

/** Slots of one account. */
export interface StorageQuery {
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly slots: readonly bigint[];
}

export interface ExecuteParams {
  /** RLP of the header and of the body. */
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  /** RLP of the block access list, if it is known. */
  readonly accessList?: Uint8Array | undefined;
  /** The senders of the transactions, 20 bytes each; zeros for one that is not known. Absent if none is known. */
  readonly senders?: Uint8Array | undefined;
}

export interface ExecuteResult {
  /** RLP list of receipts in the form of eth/69. */
  readonly receipts: Uint8Array;
  /** RLP of the block access list; absent before Amsterdam. */
  readonly accessList?: Uint8Array | undefined;
}

/** A result, and the buffers in it that are not copied. */
export interface Response<Result> {
  readonly result: Result;
  readonly transfer?: readonly ArrayBuffer[];
}

export type RequestHandlers<Requests extends RequestTypes> = {
  readonly [Name in keyof Requests]: (params: Requests[Name]['params']) => Promise<Response<Requests[Name]['result']>>;
};

/** A request as a message. */
export interface RequestMessage<Requests extends RequestTypes = RequestTypes> {
  readonly id: number;
  readonly request: keyof Requests;
  readonly params: unknown;
}

type Message =
  | RequestMessage
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorMessage };

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Requests and responses over a channel, in both directions. */
export class RequestConnection<Sent extends RequestTypes, Received extends RequestTypes> {
  readonly #channel: Channel;
  readonly #handlers: RequestHandlers<Received>;
  readonly #onFault: (error: unknown) => void;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #end: Error | undefined;

  /** @param onFault called with an error of a handler that is not expected; the request gets no response */
  constructor(channel: Channel, handlers: RequestHandlers<Received>, onFault: (error: unknown) => void) {
    this.#channel = channel;
    this.#handlers = handlers;
    this.#onFault = onFault;
    channel.onMessage((message) => this.receive(message));
  }

  /**
   * Sends a request.
   *
   * @param channel that the request is sent over; the response comes over the connection's own. @default the own one
   * @throws the error of the other end: BlockError, ExecutionError, StateError; the reason of {@link end}
   */
  request<Name extends keyof Sent & string>(
    request: Name,
    params: Sent[Name]['params'],
    transfer: readonly (ArrayBuffer | MessagePort)[] = [],
    channel: Pick<Channel, 'post'> = this.#channel,
  ): Promise<Sent[Name]['result']> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      channel.post({ id, request, params } satisfies RequestMessage, transfer);
    });
  }

  /** Processes a message, which may have come over another channel. */
  receive(message: unknown): void {
    // Both ends are parts of this program.
    const known = message as Message;
    if ('request' in known) {
      void this.#respond(known);
      return;
    }
    const pending = this.#pending.get(known.id);
    this.#pending.delete(known.id);
    if ('error' in known) pending?.reject(decodeError(known.error));
    else pending?.resolve(known.result);
  }

  /** Rejects pending and later requests. */
  end(error: Error): void {
    this.#end = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  async #respond({ id, request, params }: RequestMessage): Promise<void> {
    try {
      const handler = this.#handlers[request] as RequestHandlers<RequestTypes>[string];
      const { result, transfer } = await handler(params);
      this.#channel.post({ id, result } satisfies Message, transfer);
    } catch (error) {
      const expected = encodeError(error);
      if (expected === undefined) this.#onFault(error);
      else this.#channel.post({ id, error: expected } satisfies Message);
    }
  }
}
