import type { Clock, Timer } from '@devp2p/clock';
import type { Inactivity } from '../error.ts';

/** Intervals and timeouts of a connection, in ms. */
export interface KeepaliveSettings {
  readonly clock: Clock;
  /** Time without messages in one direction after which a Ping is sent. */
  readonly pingInterval: number;
  /** Time for the first message of each direction. */
  readonly startTimeout: number;
  /** Time for the next message of each direction, and for the Pong to a Ping. */
  readonly inactivityTimeout: number;
}

/** The peer of a {@link Keepalive}. */
export interface KeepaliveHost {
  ping(): void;
  /** Called once, when the connection is inactive. No further call follows. */
  inactive(cause: Inactivity): void;
}

/**
 * Sends Pings when one direction of a connection is silent, and detects inactivity. Uses one timer that
 * checks the clock on expiry, instead of restarting a timer with every message.
 */
export class Keepalive {
  readonly #settings: KeepaliveSettings;
  readonly #host: KeepaliveHost;
  readonly #start: number;
  #timer: Timer | undefined;
  /** Time of the oldest unanswered Ping. */
  #pingedAt: number | undefined;
  /** Time of the next check whether a Ping is due. */
  #nextPing: number;
  /** Infinity while the stream is not read: the remote is not responsible for unread messages. */
  #readingSince: number;
  /** Monotonic times of the last message of each direction. */
  lastReceive: number | undefined;
  lastSend: number | undefined;
  /** Shortest round trip, in ms. */
  minPing: number | undefined;

  constructor(settings: KeepaliveSettings, host: KeepaliveHost) {
    this.#settings = settings;
    this.#host = host;
    this.#start = this.#readingSince = settings.clock.monotonic();
    this.#nextPing = this.#start + settings.pingInterval;
  }

  start(): void {
    this.#arm(this.#start, this.#nextPing);
  }

  /** Records a sent Ping. */
  pingSent(): void {
    // An older unanswered Ping remains the one that is measured.
    this.#pingedAt ??= this.#settings.clock.monotonic();
  }

  /** Records a received Pong. */
  pongReceived(): void {
    if (this.#pingedAt === undefined) return;
    const roundTrip = this.#settings.clock.monotonic() - this.#pingedAt;
    this.minPing = Math.min(this.minPing ?? roundTrip, roundTrip);
    this.#pingedAt = undefined;
  }

  /** Whether the stream is being read. */
  set reading(reading: boolean) {
    this.#readingSince = reading ? this.#settings.clock.monotonic() : Number.POSITIVE_INFINITY;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(now: number, due: number): void {
    this.#timer = this.#settings.clock.setTimeout(() => this.#check(), due - now);
  }

  #check(): void {
    const now = this.#settings.clock.monotonic();
    const { cause, due } = this.#deadline();
    if (due <= now) {
      this.#host.inactive(cause);
      return;
    }
    if (this.#nextPing <= now) this.#nextPing = this.#pingIfQuiet(now);
    // A Ping sets no deadline before the next check.
    this.#arm(now, Math.min(due, this.#nextPing));
  }

  /**
   * Sends a Ping when one is due. Pings are sent until the first one is answered, for any traffic, so
   * that a busy peer has a round trip too.
   *
   * @returns the time of the next check.
   */
  #pingIfQuiet(now: number): number {
    const { pingInterval } = this.#settings;
    // An unanswered one is repeated even with traffic: the remote may have left out its Pong.
    const answered = this.minPing !== undefined && this.#pingedAt === undefined;
    const quietSince = Math.min(this.lastReceive ?? this.#start, this.lastSend ?? this.#start);
    if (answered && quietSince + pingInterval > now) return quietSince + pingInterval;
    this.#host.ping();
    return now + pingInterval;
  }

  /** The earliest deadline. */
  #deadline(): { readonly cause: Inactivity; readonly due: number } {
    const { startTimeout, inactivityTimeout } = this.#settings;
    const { lastReceive, lastSend } = this;
    const started = lastReceive !== undefined && lastSend !== undefined;
    const receivedSince = Math.max(lastReceive ?? this.#start, this.#readingSince);
    const pingedSince = Math.max(this.#pingedAt ?? Number.POSITIVE_INFINITY, this.#readingSince);
    const deadlines = [
      {
        cause: 'start-timeout',
        due: started ? Number.POSITIVE_INFINITY : this.#start + startTimeout,
      },
      { cause: 'send-timeout', due: (lastSend ?? this.#start) + inactivityTimeout },
      { cause: 'receive-timeout', due: receivedSince + inactivityTimeout },
      { cause: 'ping-timeout', due: pingedSince + inactivityTimeout },
    ] as const;
    return deadlines.reduce((first, next) => (next.due < first.due ? next : first));
  }
}
