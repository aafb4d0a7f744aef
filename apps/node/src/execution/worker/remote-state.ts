import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import { CallError } from '../../errors/call-error.ts';
import type { OpenedState } from '../calls/call-runner.ts';
import type { CallWatch } from '../calls/call-watch.ts';
import type { Account, StateReader } from '../state/interfaces.ts';
import { decodeError } from './error-message.ts';
import type { Guest, GuestAnswer, GuestQuery, GuestResult } from './guest-reads.ts';

/** Blocks whose values are kept. */
const maxBlocks = 4;
/** Accounts and slots that are kept of a block, and codes of all blocks. */
const maxValues = 50_000;
const maxCodes = 512;

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/**
 * States that another thread has. This thread stops until it has an answer: the EVM reads without promises. Values are
 * kept by block, so that calls on the last blocks read most of them once.
 */
export class RemoteState {
  readonly #port: MessagePort;
  readonly #answered: Int32Array;
  readonly #blocks = new Map<string, RemoteReader>();
  readonly #code = new Map<string, Uint8Array>();
  #lastId = 0;

  constructor({ port, answered }: Guest) {
    this.#port = port;
    this.#answered = answered;
  }

  /** The state after a block. Its reads end with the time of the call. */
  open({ number, hash }: SealedHeader, watch: CallWatch): OpenedState {
    const key = toHex(hash);
    let reader = this.#blocks.get(key);
    if (reader === undefined || reader.size > maxValues) {
      reader = new RemoteReader(hash, this.#code, (query, within) => this.#ask(query, within));
      this.#blocks.delete(key);
      this.#blocks.set(key, reader);
      const [oldest] = this.#blocks.keys();
      if (this.#blocks.size > maxBlocks && oldest !== undefined) this.#blocks.delete(oldest);
    }
    reader.watch = watch;
    const opened = reader;
    return { state: opened, blockHash: (wanted) => opened.hashOf(number, wanted) };
  }

  /** @throws CallError `timeout`; ExecutionError, StateError */
  #ask(query: WithoutId<GuestQuery>, watch: CallWatch): GuestResult {
    const id = ++this.#lastId;
    let seen = Atomics.load(this.#answered, 0);
    this.#port.postMessage({ ...query, id } as GuestQuery);
    for (;;) {
      for (let received = receiveMessageOnPort(this.#port); received; received = receiveMessageOnPort(this.#port)) {
        const answer = received.message as GuestAnswer;
        // The answer to a read whose call has timed out is dropped.
        if (answer.id !== id) continue;
        if ('error' in answer) throw decodeError(answer.error);
        return answer.result;
      }
      const { left } = watch;
      if (left <= 0) throw new CallError('timeout', 'execution aborted (timeout)');
      Atomics.wait(this.#answered, 0, seen, left);
      seen = Atomics.load(this.#answered, 0);
    }
  }
}

class RemoteReader implements StateReader {
  readonly #hash: Uint8Array;
  readonly #code: Map<string, Uint8Array>;
  readonly #ask: (query: WithoutId<GuestQuery>, watch: CallWatch) => GuestResult;
  readonly #accounts = new Map<string, Account | undefined>();
  readonly #withStorage = new Map<string, boolean>();
  readonly #slots = new Map<string, Map<bigint, bigint>>();
  #slotCount = 0;
  #hashes: Uint8Array | undefined;
  /** Of the call that reads now. */
  watch: CallWatch | undefined;

  constructor(
    hash: Uint8Array,
    code: Map<string, Uint8Array>,
    ask: (query: WithoutId<GuestQuery>, watch: CallWatch) => GuestResult,
  ) {
    this.#hash = hash;
    this.#code = code;
    this.#ask = ask;
  }

  get size(): number {
    return this.#accounts.size + this.#slotCount;
  }

  account(address: Uint8Array): Account | undefined {
    const key = keyOf(address);
    const known = this.#accounts.get(key);
    if (known !== undefined || this.#accounts.has(key)) return known;
    const account = this.#query({ type: 'account', block: this.#hash, address }) as Account | undefined;
    this.#accounts.set(key, account);
    return account;
  }

  storage(address: Uint8Array, slot: bigint): bigint {
    const key = keyOf(address);
    let slots = this.#slots.get(key);
    if (slots === undefined) {
      slots = new Map();
      this.#slots.set(key, slots);
    }
    const known = slots.get(slot);
    if (known !== undefined) return known;
    const value = this.#query({ type: 'storage', block: this.#hash, address, slot }) as bigint;
    slots.set(slot, value);
    this.#slotCount++;
    return value;
  }

  hasStorage(address: Uint8Array): boolean {
    const key = keyOf(address);
    const known = this.#withStorage.get(key);
    if (known !== undefined) return known;
    const result = this.#query({ type: 'has-storage', block: this.#hash, address }) as boolean;
    this.#withStorage.set(key, result);
    return result;
  }

  code(hash: Uint8Array): Uint8Array {
    const key = keyOf(hash);
    const known = this.#code.get(key);
    if (known !== undefined) return known;
    const code = this.#query({ type: 'code', block: this.#hash, hash }) as Uint8Array;
    this.#code.set(key, code);
    const [oldest] = this.#code.keys();
    if (this.#code.size > maxCodes && oldest !== undefined) this.#code.delete(oldest);
    return code;
  }

  hashOf(block: number, wanted: number): Uint8Array {
    this.#hashes ??= this.#query({ type: 'hashes', block: this.#hash, number: block }) as Uint8Array;
    const start = (block - wanted) * 32;
    if (start < 0 || start >= this.#hashes.length) return new Uint8Array(32);
    return this.#hashes.slice(start, start + 32);
  }

  #query(query: WithoutId<GuestQuery>): GuestResult {
    return this.#ask(query, this.watch as CallWatch);
  }
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
}
