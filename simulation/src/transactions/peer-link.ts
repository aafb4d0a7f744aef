import {
  EthError,
  type EthPeer,
  type PeerTransactions,
  type PooledTransaction,
  type TransactionAnnouncement,
  type TransactionExchange,
  transactionsOf,
} from '@devp2p/eth';
import { messageLength } from './message-length.ts';

/** Messages of a link that may wait for their reader until the sender waits, as the buffers of a connection. */
const maxUnread = 64;
/** Length in bytes after which a response ends (caps/eth.md). */
const maxResponse = 2 * 1024 * 1024;

/** Kinds of messages about transactions. */
export type MessageKind = 'transactions' | 'announcement' | 'request' | 'response';

/** A node with its links. */
export interface Member {
  readonly index: number;
  /** Public key, 64 bytes. */
  readonly id: Uint8Array;
  readonly isHostile: boolean;
  readonly exchange: TransactionExchange;
}

/** Observer of all links. */
export interface LinkEvents {
  /** @param items transactions or hashes @param length in bytes */
  message(from: Member, to: Member, kind: MessageKind, items: readonly Uint8Array[], length: number): void;
  /** Called when a node ends a link because of its peer. */
  breach(by: Member, peer: Member): void;
}

/** Connects two nodes whose messages take a time. @param later runs work after the latency of the link */
export function connectMembers(a: Member, b: Member, later: (work: () => void) => void, events: LinkEvents): void {
  const [one, other] = [new LinkEnd(a, b, later, events), new LinkEnd(b, a, later, events)];
  one.open(other);
  other.open(one);
}

/** One end of a link: the peer as its node sees it. */
class LinkEnd implements EthPeer {
  readonly version = 69;
  readonly range: undefined;
  readonly responseTime: undefined;
  readonly #self: Member;
  readonly #remote: Member;
  readonly #later: (work: () => void) => void;
  readonly #events: LinkEvents;
  #other: LinkEnd | undefined;
  #handler: PeerTransactions | undefined;
  #isOpen = true;
  readonly #inbox: (() => Promise<void> | void)[] = [];
  #isReading = false;
  /** Messages to the other end that it has not handled. */
  #unread = 0;
  readonly #writers: (() => void)[] = [];
  #requests = 0;
  readonly #waiting = new Set<(error: EthError) => void>();

  constructor(self: Member, remote: Member, later: (work: () => void) => void, events: LinkEvents) {
    this.#self = self;
    this.#remote = remote;
    this.#later = later;
    this.#events = events;
  }

  get id(): Uint8Array {
    return this.#remote.id;
  }

  get status(): Promise<never> {
    return notSimulated();
  }

  open(other: LinkEnd): void {
    this.#other = other;
    this.#handler = this.#self.exchange.connected(this, () => this.#end());
  }

  sendTransactions(transactions: readonly Uint8Array[]): Promise<void> {
    const length = messageLength.transactions(transactions);
    return this.#send('transactions', transactions, length, (to) => to.received(transactionsOf(transactions)));
  }

  announceTransactions(announcement: TransactionAnnouncement): Promise<void> {
    const length = messageLength.announcement(announcement);
    return this.#send('announcement', announcement.hashes, length, (to) => to.announced(announcement));
  }

  getPooledTransactions(hashes: readonly Uint8Array[]): Promise<PooledTransaction[]> {
    const id = ++this.#requests;
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      const respond = (found: PooledTransaction[]): void => {
        this.#waiting.delete(reject);
        resolve(found);
      };
      void this.#send('request', hashes, messageLength.request(id, hashes), () => {
        void this.#other?.serve(id, hashes, respond);
      });
    });
  }

  /** Answers a request of the other end. */
  async serve(id: number, hashes: readonly Uint8Array[], respond: (found: PooledTransaction[]) => void): Promise<void> {
    const all = (await this.#handler?.get(hashes)) ?? [];
    const found: PooledTransaction[] = [];
    let length = 0;
    for (const [i, transaction] of all.entries()) {
      if (transaction === undefined || length >= maxResponse) continue;
      length += transaction.length;
      found.push({ hash: hashes[i] as Uint8Array, transaction });
    }
    if (!this.#isOpen) return;
    this.#handler?.served(found.map(({ hash }) => hash));
    const transactions = found.map(({ transaction }) => transaction);
    await this.#send('response', transactions, messageLength.response(id, transactions), () => respond(found));
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#inbox.length = 0;
    for (const write of this.#writers.splice(0)) write();
    for (const reject of this.#waiting) reject(new EthError('disconnected', 'the link is closed'));
    this.#waiting.clear();
    this.#handler?.disconnected();
  }

  getHeaders = notSimulated;
  getBodies = notSimulated;
  getReceipts = notSimulated;
  sendNewBlock = notSimulated;
  sendNewBlockHashes = notSimulated;

  transactions(): never {
    throw new Error('not simulated');
  }

  info(): 'handshake' {
    return 'handshake';
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#events.breach(this.#self, this.#remote);
    this.close();
    this.#later(() => this.#other?.close());
  }

  /** @returns resolves when there is room for another message */
  #send(
    kind: MessageKind,
    items: readonly Uint8Array[],
    length: number,
    deliver: (to: PeerTransactions) => Promise<void> | void,
  ): Promise<void> {
    if (!this.#isOpen) return Promise.resolve();
    this.#events.message(this.#self, this.#remote, kind, items, length);
    this.#unread++;
    this.#later(() => this.#other?.receive(deliver));
    return this.#unread < maxUnread ? Promise.resolve() : new Promise((resolve) => this.#writers.push(resolve));
  }

  /** Takes a message of the other end. */
  receive(deliver: (to: PeerTransactions) => Promise<void> | void): void {
    if (!this.#isOpen) return;
    this.#inbox.push(() => deliver(this.#handler as PeerTransactions));
    if (!this.#isReading) void this.#read();
  }

  /** Handles messages, each one after the one before it. */
  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        const done = next();
        if (done !== undefined) await done;
        this.#other?.handled();
      }
    } catch {
      this.#end();
    }
    this.#isReading = false;
  }

  /** Called when the other end has handled a message. */
  handled(): void {
    this.#unread--;
    this.#writers.shift()?.();
  }
}

function notSimulated(): Promise<never> {
  return Promise.reject(new Error('not simulated'));
}
