import type { Clock, Timer } from '@devp2p/clock';

/** Sees to it that neither direction of a connection is silent for long. */
export class Keepalive {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #ping: () => void;
  #timer: Timer | undefined;
  #pingedAt: number | undefined;
  /** Monotonic times of the last message of each direction. */
  lastReceive: number;
  lastSend: number;
  /** Shortest round trip so far, in ms. */
  minPing: number | undefined;

  /**
   * @param interval ms of silence in one direction after which `ping` is called. The first call
   *   comes after one interval whatever the traffic, so that a busy peer's round trip is known too.
   */
  constructor(clock: Clock, interval: number, ping: () => void) {
    this.#clock = clock;
    this.#interval = interval;
    this.#ping = ping;
    this.lastReceive = this.lastSend = clock.monotonic();
  }

  start(): void {
    this.#timer = this.#arm(this.#interval, true);
  }

  /** A Ping went out. */
  pinged(): void {
    // An older one that is unanswered stays the one that is measured.
    this.#pingedAt ??= this.#clock.monotonic();
  }

  /** A Pong came in. */
  ponged(): void {
    if (this.#pingedAt === undefined) return;
    const roundTrip = this.#clock.monotonic() - this.#pingedAt;
    this.minPing = Math.min(this.minPing ?? roundTrip, roundTrip);
    this.#pingedAt = undefined;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  // One timer that looks at the clock when it fires, instead of one that every message sets anew.
  #arm(ms: number, first: boolean): Timer {
    return this.#clock.setTimeout(() => {
      const quietSince = Math.min(this.lastReceive, this.lastSend);
      const rest = quietSince + this.#interval - this.#clock.monotonic();
      this.#timer = this.#arm(rest <= 0 ? this.#interval : rest, false);
      if (first || rest <= 0) this.#ping();
    }, ms);
  }
}
