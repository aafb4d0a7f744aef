import { bytes } from '@devp2p/options';
import { check } from '../check-options.ts';
import { type Direction, PeerError } from '../error.ts';
import { Queue } from '../session/queue.ts';
import type { Message } from '../stream.ts';
import type { Channel } from './protocol.ts';

/** What a message in a queue costs besides its payload, in bytes: empty ones are not free either. */
const messageOverhead = 128;

/** What a channel needs of its peer. */
export interface ChannelHost {
  readonly congested: boolean;
  /** @param code absolute. */
  send(code: number, payload: Uint8Array): Promise<void>;
  /** A message that was unread was taken. */
  taken(): void;
}

/** The place of a channel among the codes of its connection. */
export interface ChannelRange {
  readonly name: string;
  readonly version: number;
  readonly offset: number;
  readonly length: number;
}

/** {@link Channel} with the inbox behind it. */
export class ProtocolChannel implements Channel {
  readonly name: string;
  readonly version: number;
  readonly offset: number;
  readonly length: number;
  readonly #host: ChannelHost;
  readonly #budget: number;
  readonly #unread = new Queue<Message>();
  /** Bytes of messages that nobody has taken yet, and what they cost besides. */
  unreadBytes = 0;
  #waiting: ((result: IteratorResult<Message, undefined>) => void)[] = [];
  #ended = false;

  /** @param budget unread bytes from which on the channel is {@link full}. */
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

  /** Whether the budget is used up, so that no more should be delivered for now. */
  get full(): boolean {
    return this.unreadBytes >= this.#budget;
  }

  send(code: number, payload: Uint8Array): Promise<void> {
    if (!(Number.isInteger(code) && code >= 0 && code < this.length)) {
      const what = `${this.name}/${this.version} has no code ${code}`;
      return quietReject(new PeerError('invalid-option', what));
    }
    if (!(payload instanceof Uint8Array)) return quietReject(wrongPayload(payload));
    return this.#host.send(this.offset + code, payload);
  }

  /** Takes a message off the wire. */
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

  /** Ends the iteration: at once when we end the peer, behind what is unread when the remote does. */
  end(direction: Direction): void {
    this.#ended = true;
    if (direction === 'local') this.clear();
    for (const reader of this.#waiting.splice(0)) reader({ done: true, value: undefined });
  }

  /** Forgets what is unread. */
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
      this.#host.taken();
      return Promise.resolve({ done: false, value: message });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

const payloadRule = bytes();

/** What is said of a payload that is not bytes. */
export function wrongPayload(payload: unknown): unknown {
  try {
    return check.value('payload', payload, payloadRule);
  } catch (error) {
    return error;
  }
}

/** A rejection that may go unheard: whoever pushes gossip does not wait for each message. */
export function quietReject(error: unknown): Promise<never> {
  const rejected = Promise.reject(error);
  rejected.catch(() => {});
  return rejected;
}
