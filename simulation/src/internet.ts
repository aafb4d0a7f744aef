import type { Clock } from '@devp2p/clock';
import type { Address, UdpSocket } from '@devp2p/discv4';
import type { SeededRandom } from '@devp2p/random/seeded';
import { Arrivals } from './arrivals.ts';
import { type Acceptor, Connection, type Link, LinkError, type Place } from './link.ts';

/** Grain of arrivals in ms. */
const grain = 5;

/** Options of {@link Internet}. */
export interface InternetOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Share of lost datagrams. */
  readonly loss: number;
}

/** A network in memory: datagrams with delay and loss, and connections. */
export class Internet {
  datagrams = 0;
  readonly #options: InternetOptions;
  readonly #sockets = new Map<string, (bytes: Uint8Array, from: Address) => void>();
  readonly #acceptors = new Map<string, Acceptor>();
  readonly #delays = new Map<string, number>();
  readonly #arrivals: Arrivals;

  constructor(options: InternetOptions) {
    this.#options = options;
    this.#arrivals = new Arrivals(options.clock, grain);
  }

  bindUdp(address: Address): UdpSocket {
    const { host } = address;
    return {
      localAddress: address,
      send: (bytes, to) => {
        this.datagrams++;
        const { random, loss } = this.#options;
        if (random.fraction() < loss) return;
        const datagram = bytes.slice();
        this.later(this.oneWay(host, to.host), () => this.#sockets.get(to.host)?.(datagram, address));
      },
      onMessage: (handler) => void this.#sockets.set(host, handler),
      close: async () => void this.#sockets.delete(host),
    };
  }

  /** Accepts connections. @returns a function that stops accepting */
  listen(host: string, acceptor: Acceptor): () => void {
    this.#acceptors.set(host, acceptor);
    return () => void this.#acceptors.delete(host);
  }

  /**
   * Connects with the round trips of TCP, RLPx and Hello: one until the remote sees the connection, another until it
   * knows the identity. A dial to a host without a node does not end before its signal aborts.
   */
  async dial(from: Place, to: Place, signal: AbortSignal): Promise<Link> {
    const delay = this.oneWay(from.host, to.host);
    await this.#wait(delay, signal);
    const acceptor = this.#acceptors.get(to.host);
    if (acceptor === undefined) return untilAborted(signal);
    const slot = acceptor.admit(from);
    if (typeof slot === 'string') return this.#refuse(slot, delay, signal);
    try {
      await this.#wait(2 * delay, signal, slot.signal);
      const refusal = slot.identify(from.key);
      if (refusal !== undefined) return await this.#refuse(refusal, delay, signal);
      const connection = new Connection(from, to, (work) => this.later(delay, work));
      slot.established(connection.callee);
      await this.#wait(delay, signal).catch((error: unknown) => {
        connection.caller.close('canceled');
        throw error;
      });
      return connection.caller;
    } finally {
      slot.release();
    }
  }

  /** Returns the delay from one host to another, in ms: each host has a fixed distance to the center of the network. */
  oneWay(from: string, to: string): number {
    return this.#delay(from) + this.#delay(to);
  }

  later(ms: number, work: () => void): void {
    this.#arrivals.later(ms, work);
  }

  /** Waits; rejects if one of the signals has aborted by then. */
  #wait(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.later(ms, () => {
        const aborted = signals.find((signal) => signal.aborted);
        if (aborted) reject(aborted.reason);
        else resolve();
      });
    });
  }

  async #refuse(reason: string, delay: number, signal: AbortSignal): Promise<never> {
    await this.#wait(delay, signal);
    throw new LinkError(reason);
  }

  #delay(host: string): number {
    let delay = this.#delays.get(host);
    if (delay === undefined) {
      delay = 5 + this.#options.random.poissonDelay(20);
      this.#delays.set(host, Math.min(delay, 100));
    }
    return delay;
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
