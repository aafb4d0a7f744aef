import type { Clock } from '@devp2p/clock';
import type { Address, UdpSocket } from '@devp2p/discv4';
import type { SeededRandom } from '@devp2p/random/seeded';
import { type Door, Line, type Link, LinkError, type Place } from './link.ts';

/** What happens at one moment happens together: arrivals are put off to the next multiple of this, in ms. */
const GRAIN = 5;

/** @see Internet */
export interface InternetOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Share of the datagrams that get lost. */
  readonly loss: number;
}

/** A network in memory: datagrams that take their time and may get lost, and connections. */
export class Internet {
  datagrams = 0;
  readonly #options: InternetOptions;
  readonly #sockets = new Map<string, (bytes: Uint8Array, from: Address) => void>();
  readonly #doors = new Map<string, Door>();
  readonly #delays = new Map<string, number>();
  readonly #arrivals = new Map<number, (() => void)[]>();

  constructor(options: InternetOptions) {
    this.#options = options;
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
        this.later(this.oneWay(host, to.host), () =>
          this.#sockets.get(to.host)?.(datagram, address),
        );
      },
      onMessage: (handler) => void this.#sockets.set(host, handler),
      close: async () => void this.#sockets.delete(host),
    };
  }

  /** Lets others knock. @returns a function that ends it */
  listen(host: string, door: Door): () => void {
    this.#doors.set(host, door);
    return () => void this.#doors.delete(host);
  }

  /**
   * Connects as TCP, RLPx and Hello do: one round trip until the other side knows that there is somebody, another until
   * it knows who. Where nobody is, there is silence.
   */
  async dial(from: Place, to: Place, signal: AbortSignal): Promise<Link> {
    const delay = this.oneWay(from.host, to.host);
    await this.#pass(delay, signal);
    const door = this.#doors.get(to.host);
    if (door === undefined) return silence(signal);
    const slot = door.admit(from);
    if (typeof slot === 'string') return this.#refuse(slot, delay, signal);
    try {
      await this.#pass(2 * delay, signal, slot.signal);
      const refusal = slot.identify(from.key);
      if (refusal !== undefined) return await this.#refuse(refusal, delay, signal);
      const line = new Line(from, to, (work) => this.later(delay, work));
      slot.established(line.callee);
      await this.#pass(delay, signal).catch((error: unknown) => {
        line.caller.close('canceled');
        throw error;
      });
      return line.caller;
    } finally {
      slot.release();
    }
  }

  /** Time that anything takes from one host to another, in ms: each has its own distance to the middle of the network. */
  oneWay(from: string, to: string): number {
    return this.#delay(from) + this.#delay(to);
  }

  later(ms: number, work: () => void): void {
    const { clock } = this.#options;
    const at = Math.ceil((clock.monotonic() + ms) / GRAIN) * GRAIN;
    const others = this.#arrivals.get(at);
    if (others) {
      others.push(work);
      return;
    }
    const all = [work];
    this.#arrivals.set(at, all);
    clock.setTimeout(() => {
      this.#arrivals.delete(at);
      for (const one of all) one();
    }, at - clock.monotonic());
  }

  /** Rejects if one of the signals has aborted by then. */
  #pass(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.later(ms, () => {
        const aborted = signals.find((signal) => signal.aborted);
        if (aborted) reject(aborted.reason);
        else resolve();
      });
    });
  }

  async #refuse(reason: string, delay: number, signal: AbortSignal): Promise<never> {
    await this.#pass(delay, signal);
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

function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
