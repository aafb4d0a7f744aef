import type { LinkEvents, Member, MessageKind } from './peer-link.ts';

/** Messages between honest nodes. */
export interface Traffic {
  readonly bytes: Readonly<Record<MessageKind, number>>;
  /** Transactions or hashes. */
  readonly items: Readonly<Record<MessageKind, number>>;
  /** Bytes that hostile nodes sent to honest ones. */
  readonly hostileBytes: number;
  /** Transactions that honest nodes sent whole and unasked, to any node. */
  readonly sentWhole: number;
  /** The most times that a node sent one transaction whole and unasked. */
  readonly mostSentWhole: number;
  /** Links that honest nodes ended, by the other end. */
  readonly ended: { readonly honest: number; readonly hostile: number };
}

/** Counts messages. */
export class TrafficCounter implements LinkEvents, Traffic {
  readonly bytes: Record<MessageKind, number> = none();
  readonly items: Record<MessageKind, number> = none();
  hostileBytes = 0;
  sentWhole = 0;
  mostSentWhole = 0;
  readonly ended = { honest: 0, hostile: 0 };
  /** Times that each node sent a transaction, which is the same object each time. */
  readonly #sent = new Map<Member, Map<Uint8Array, number>>();

  message(from: Member, to: Member, kind: MessageKind, items: readonly Uint8Array[], length: number): void {
    if (from.isHostile) {
      if (!to.isHostile) this.hostileBytes += length;
      return;
    }
    if (kind === 'transactions') this.#countWhole(from, items);
    if (to.isHostile) return;
    this.bytes[kind] += length;
    this.items[kind] += items.length;
  }

  breach(by: Member, peer: Member): void {
    if (!by.isHostile) this.ended[peer.isHostile ? 'hostile' : 'honest']++;
  }

  #countWhole(from: Member, transactions: readonly Uint8Array[]): void {
    const sent = this.#sent.get(from) ?? new Map<Uint8Array, number>();
    this.#sent.set(from, sent);
    for (const transaction of transactions) {
      const count = (sent.get(transaction) ?? 0) + 1;
      sent.set(transaction, count);
      this.sentWhole++;
      this.mostSentWhole = Math.max(this.mostSentWhole, count);
    }
  }
}

function none(): Record<MessageKind, number> {
  return { transactions: 0, announcement: 0, request: 0, response: 0 };
}
