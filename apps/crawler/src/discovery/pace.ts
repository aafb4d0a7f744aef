import { type Clock, sleep } from '@devp2p/clock';
import { isLan, parseIp } from '@devp2p/enr';

/** Lets so much through per second and no more, with at most a twentieth of a second's worth at once. */
export class Pace {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #burst: number;
  /** When the next one would go if they were spread evenly; monotonic. */
  #next = Number.NEGATIVE_INFINITY;

  /** @param perSecond - may be `Infinity`. */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#interval = 1000 / perSecond;
    this.#burst = Math.max(burst, this.#interval);
  }

  /** Resolves when it is the caller's turn; `undefined` when that is now. Rejects with the signal's reason. */
  turn(signal: AbortSignal): Promise<void> | undefined {
    const now = this.#clock.monotonic();
    this.#next = Math.max(this.#next, now - this.#burst) + this.#interval;
    const wait = this.#next - now;
    return wait <= 0 ? undefined : sleep(this.#clock, wait, { signal });
  }
}

/** ms; what comes at once must fit into a socket's buffers. */
const burst = 50;

/** A number of places, and a queue for them. */
export class Places {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `work` when there is a place for it. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free++;
    }
  }
}

/**
 * Keeps dials to one IP address apart, however many nodes are said to be there. Addresses of a LAN and of this machine
 * are not held back, as in go-ethereum's dialer.
 */
export class AddressGate {
  readonly #clock: Clock;
  readonly #interval: number;
  /** By address, oldest first: when it was dialled; monotonic. */
  readonly #dialled = new Map<string, number>();

  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
  }

  /** Takes the address if it is free. Returns the ms until it will be: 0 when it was taken. */
  enter(ip: string): number {
    const wait = this.wait(ip);
    const bytes = parseIp(ip);
    const isHeld = bytes === undefined || !isLan(bytes);
    if (wait === 0 && isHeld) this.#dialled.set(ip, this.#clock.monotonic());
    return wait;
  }

  /** The ms until an address is free. */
  wait(ip: string): number {
    const now = this.#clock.monotonic();
    for (const [oldest, at] of this.#dialled) {
      if (at + this.#interval > now) break;
      this.#dialled.delete(oldest);
    }
    const at = this.#dialled.get(ip);
    return at === undefined ? 0 : at + this.#interval - now;
  }
}
