import type { Direction, PeerError } from '../error.ts';
import type { DisconnectReason } from '../wire/disconnect-reasons.ts';
import { Queue } from './queue.ts';

/** End of a peer. */
export interface PeerEnd {
  /** Reason of the Disconnect; `undefined` when the remote closed without one, or with an unknown number. */
  readonly reason: DisconnectReason | undefined;
  /** Side that ended it. */
  readonly direction: Direction;
  /** Error that ended it; `undefined` for an orderly end. */
  readonly error: PeerError | undefined;
  /** Reason of the remote's Disconnect after ours, if it sent one: both sides may end the peer at once. */
  readonly answer?: DisconnectReason;
}

/** Event of a peer. */
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
  /** `count` messages were left out because the consumer was too slow. */
  | { readonly type: 'missed'; readonly count: number }
  | { readonly type: 'dropped'; readonly end: PeerEnd };

/** Options of {@link Peer.events}. */
export interface PeerEventsOptions {
  /** Whether to emit an event for every message. @default false */
  readonly messages?: boolean;
  /** Most events that wait for the consumer; further messages are only counted. @default 1024 */
  readonly limit?: number;
}

/** Events of a peer for one consumer, from `added` to `dropped`. */
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
      this.#pushMissed();
      this.#waitingEvents.push(event);
    }
  }

  /** Ends the events, after a last one if given. */
  end(last?: PeerEvent): void {
    if (last !== undefined) this.push(last);
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<PeerEvent, undefined>> {
    if (this.#waitingEvents.length === 0) this.#pushMissed();
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

  #pushMissed(): void {
    if (this.#missed === 0) return;
    this.#waitingEvents.push({ type: 'missed', count: this.#missed });
    this.#missed = 0;
  }
}
