import type { ChannelRange } from '../protocol/channel.ts';

/** Messages and their bytes on the wire, framing included. */
export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

/** Traffic of one message code. */
export interface CodeStats {
  /** Counted from 0 within its protocol. */
  readonly code: number;
  readonly received: Traffic;
  readonly sent: Traffic;
}

/** Traffic of one protocol. Codes without messages are left out. */
export interface ProtocolStats {
  /** `p2p` for the base protocol. */
  readonly name: string;
  readonly version: number;
  readonly codes: readonly CodeStats[];
}

/** Statistics of a peer. Times are whole ms since the Unix epoch, independent of jumps of the wall clock. */
export interface PeerStats {
  readonly connectedAt: number;
  readonly lastReceive: number;
  readonly lastSend: number;
  /** Shortest round trip of a Ping, in ms. The first Ping is sent after one interval. */
  readonly minPing: number | undefined;
  readonly received: Traffic;
  readonly sent: Traffic;
  /** The base protocol, then the running ones in the order of their codes. */
  readonly protocols: readonly ProtocolStats[];
  /** Messages outside of every protocol's range. One of them ends the peer. */
  readonly stray: Traffic;
}

const slots = 4; // received messages and bytes, sent messages and bytes

/** Counts a peer's messages, with a few additions in one flat array for each. */
export class Counters {
  readonly #ranges: readonly ChannelRange[];
  readonly #codes: number;
  readonly #counts: Float64Array;

  /** @param ranges the protocols without a gap, from code 0 on */
  constructor(ranges: readonly ChannelRange[]) {
    this.#ranges = ranges;
    this.#codes = ranges.reduce((total, { length }) => total + length, 0);
    // One more for codes outside of every range.
    this.#counts = new Float64Array((this.#codes + 1) * slots);
  }

  received(code: number, bytes: number): void {
    this.#add(Math.min(code, this.#codes) * slots, bytes);
  }

  sent(code: number, bytes: number): void {
    this.#add(code * slots + 2, bytes);
  }

  /** The counts in the form of {@link PeerStats}. */
  snapshot(): Pick<PeerStats, 'received' | 'sent' | 'protocols' | 'stray'> {
    const protocols = this.#ranges.map(({ name, version, offset, length }) => ({
      name,
      version,
      codes: Array.from({ length }, (_, code) => ({
        code,
        received: this.#traffic((offset + code) * slots),
        sent: this.#traffic((offset + code) * slots + 2),
      })).filter(({ received, sent }) => received.messages + sent.messages > 0),
    }));
    const stray = this.#traffic(this.#codes * slots);
    const codes = protocols.flatMap((protocol) => protocol.codes);
    return {
      received: total([...codes.map(({ received }) => received), stray]),
      sent: total(codes.map(({ sent }) => sent)),
      protocols,
      stray,
    };
  }

  #add(index: number, bytes: number): void {
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#counts[index + 1] = (this.#counts[index + 1] as number) + bytes;
  }

  #traffic(index: number): Traffic {
    return {
      messages: this.#counts[index] as number,
      bytes: this.#counts[index + 1] as number,
    };
  }
}

function total(parts: readonly Traffic[]): Traffic {
  return parts.reduce((sum, part) => ({ messages: sum.messages + part.messages, bytes: sum.bytes + part.bytes }), {
    messages: 0,
    bytes: 0,
  });
}
