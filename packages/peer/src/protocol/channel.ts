import { bytes } from '@devp2p/options';
import { check } from '../check-options.ts';
import { type Direction, PeerError } from '../error.ts';
import { Queue } from '../session/queue.ts';
import type { Message } from '../stream.ts';
import type { Channel } from './protocol.ts';

/** Accounted size of a queued message besides its payload, in bytes. Bounds the number of empty messages. */
const messageOverhead = 128;

/** The peer of a channel. */
export interface ChannelHost {
  readonly congested: boolean;
  /** @param code absolute. */
  send(code: number, payload: Uint8Array): Promise<void>;
  /** Called when an unread message has been read. */
  onRead(): void;
}

/** Range of a channel among the codes of its connection. */
export interface ChannelRange {
  readonly name: string;
  readonly version: number;
  readonly offset: number;
  readonly length: number;
}

/** A {@link Channel} and its queue of unread messages. */
export class ProtocolChannel implements Channel {
  readonly name: string;
  readonly version: number;
  readonly offset: number;
  readonly length: number;
  readonly #host: ChannelHost;
  readonly #budget: number;
  readonly #unread = new Queue<Message>();
  /** Accounted size of unread messages in bytes. */
  unreadBytes = 0;
  #waiting: ((result: IteratorResult<Message, undefined>) => void)[] = [];
  #ended = false;

  /** @param budget unread bytes from which on the channel is {@link full} */
  constructor(range: ChannelRange, host: ChannelHost, budget: number) {
    this.name = range.name;
    this.version = range.version;
    this.offset = range.offset;
    this.length = range.length;
    this.#host = host;
    this.#budget = budget;
  }

  get congested(): boolean {
    return this.#host.congested;
  }

  /** Whether the budget is used up, so that the stream is not read for now. */
  get full(): boolean {
    return this.unreadBytes >= this.#budget;
  }

  send(code: number, payload: Uint8Array): Promise<void> {
    if (!(Number.isInteger(code) && code >= 0 && code < this.length)) {
      const problem = `${this.name}/${this.version} has no code ${code}`;
      return quietReject(new PeerError('invalid-option', problem));
    }
    if (!(payload instanceof Uint8Array)) return quietReject(wrongPayload(payload));
    return this.#host.send(this.offset + code, payload);
  }

  /** Delivers a received message. */
  deliver({ code, payload, wireSize }: Message): void {
    if (this.#ended) return;
    const message = { code: code - this.offset, payload, wireSize };
    const reader = this.#waiting.shift();
    if (reader !== undefined) {
      reader({ done: false, value: message });
      return;
    }
    this.#unread.push(message);
    this.unreadBytes += payload.length + messageOverhead;
  }

  /** Ends the iteration: at once when this side ends the peer, after unread messages when the remote does. */
  end(direction: Direction): void {
    this.#ended = true;
    if (direction === 'local') this.clear();
    for (const reader of this.#waiting.splice(0)) reader({ done: true, value: undefined });
  }

  /** Drops unread messages. */
  clear(): void {
    this.#unread.clear();
    this.unreadBytes = 0;
  }

  [Symbol.asyncIterator](): AsyncIterator<Message, undefined> {
    return {
      next: () => this.#next(),
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  #next(): Promise<IteratorResult<Message, undefined>> {
    const message = this.#unread.shift();
    if (message !== undefined) {
      this.unreadBytes -= message.payload.length + messageOverhead;
      this.#host.onRead();
      return Promise.resolve({ done: false, value: message });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

const payloadRule = bytes();

/** Makes the error of a payload that is not bytes. */
export function wrongPayload(payload: unknown): unknown {
  try {
    return check.value('payload', payload, payloadRule);
  } catch (error) {
    return error;
  }
}

/** Makes a rejection that is not reported when it has no handler: senders of gossip do not await each message. */
export function quietReject(error: unknown): Promise<never> {
  const rejected = Promise.reject(error);
  rejected.catch(() => {});
  return rejected;
}
