import { toHex } from '@devp2p/bytes';
import type { Source } from './api.ts';
import { RpcError } from './rpc-error.ts';

/** @see Subscriptions */
export interface SubscriptionsOptions {
  /** Sends a notification. */
  readonly send: (text: string) => void;
  /** Most subscriptions of the connection at once. */
  readonly max: number;
  readonly random: (length: number) => Uint8Array;
}

/** Subscriptions of one connection. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  /** How to end each, by id. */
  readonly #ends = new Map<string, () => void>();
  #waiting: (() => void)[] = [];
  #closed = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /**
   * Adds a subscription, which runs from {@link begin} on.
   *
   * @returns its id
   * @throws RpcError `failed` for too many subscriptions, or on a connection without notifications.
   */
  add(namespace: string, source: Source): string {
    const { max, random, send } = this.#options;
    // A call can end after its caller has disconnected.
    if (this.#closed) throw new RpcError('failed', 'the connection is closed');
    if (this.#ends.size >= max) {
      throw new RpcError('failed', `too many subscriptions, ${max} a connection`);
    }
    const id = `0x${toHex(random(16))}`;
    this.#ends.set(id, () => {});
    this.#waiting.push(() => {
      if (!this.#ends.has(id)) return;
      const end = source((result) => {
        const params = { subscription: id, result };
        send(JSON.stringify({ jsonrpc: '2.0', method: `${namespace}_subscription`, params }));
      });
      this.#ends.set(id, end);
    });
    return id;
  }

  /** Whether there was such a subscription. */
  remove(id: string): boolean {
    this.#ends.get(id)?.();
    return this.#ends.delete(id);
  }

  /** Starts the subscriptions whose ids were sent to the client. */
  begin(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const start of waiting) start();
  }

  /** Ends all of them; there will be no more. */
  close(): void {
    this.#closed = true;
    for (const id of [...this.#ends.keys()]) this.remove(id);
    this.#waiting = [];
  }
}
