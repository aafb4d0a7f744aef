import type { Direction, PeerError } from '../error.ts';
import type { DisconnectReason } from '../wire/disconnect.ts';
import { Queue } from './queue.ts';

/** How a peer came to its end. */
export interface PeerEnd {
  /** What the Disconnect said; `undefined` when the remote left without one, or with an unknown number. */
  readonly reason: DisconnectReason | undefined;
  /** Which side ended it. */
  readonly direction: Direction;
  /** What went wrong; `undefined` for an orderly end. */
  readonly error: PeerError | undefined;
  /** What the remote said when we ended it, if it did: both may have found fault at the same time. */
  readonly answer?: DisconnectReason;
}

/** One thing in the life of a peer. */
export type PeerEvent =
  | { readonly type: 'added' }
  | {
      readonly type: 'message';
      readonly direction: 'received' | 'sent';
      /** `p2p` for the base protocol. */
      readonly protocol: string;
      /** Counted from 0 within the protocol. */
      readonly code: number;
      /** On the wire, framing included. */
      readonly bytes: number;
    }
  /** So many messages were left out here because the consumer was behind. */
  | { readonly type: 'missed'; readonly count: number }
  | { readonly type: 'dropped'; readonly end: PeerEnd };

/** Options of {@link Peer.events}. */
export interface PeerEventsOptions {
  /** Whether to tell of every message. @default false */
  readonly messages?: boolean;
  /** The most events that wait for the consumer; messages beyond are only counted. @default 1024 */
  readonly limit?: number;
}

/** One consumer's view of a peer's events, starting with `added`, ending behind `dropped`. */
export class EventStream implements AsyncIterableIterator<PeerEvent, undefined> {
  readonly messages: boolean;
  readonly #limit: number;
  readonly #waitingEvents = new Queue<PeerEvent>();
  readonly #onReturn: () => void;
  #missed = 0;
  #readers: ((result: IteratorResult<PeerEvent, undefined>) => void)[] = [];
  #ended = false;

  constructor(options: PeerEventsOptions, onReturn: () => void) {
    this.messages = options.messages ?? false;
    this.#limit = options.limit ?? 1024;
    this.#onReturn = onReturn;
    this.push({ type: 'added' });
  }

  push(event: PeerEvent): void {
    const reader = this.#readers.shift();
    if (reader !== undefined) reader({ done: false, value: event });
    else if (event.type === 'message' && this.#waitingEvents.length >= this.#limit) this.#missed++;
    else {
      this.#tellMissed();
      this.#waitingEvents.push(event);
    }
  }

  /** Takes the last event; no more will come. */
  end(last?: PeerEvent): void {
    if (last !== undefined) this.push(last);
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<PeerEvent, undefined>> {
    if (this.#waitingEvents.length === 0) this.#tellMissed();
    const event = this.#waitingEvents.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  return(): Promise<IteratorResult<PeerEvent, undefined>> {
    this.#waitingEvents.clear();
    this.#missed = 0;
    this.end();
    this.#onReturn();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #tellMissed(): void {
    if (this.#missed === 0) return;
    this.#waitingEvents.push({ type: 'missed', count: this.#missed });
    this.#missed = 0;
  }
}
