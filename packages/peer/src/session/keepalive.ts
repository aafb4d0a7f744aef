import type { Clock, Timer } from '@devp2p/clock';
import type { Inactivity } from '../error.ts';

/** How long a connection may be quiet, in ms. */
export interface KeepaliveSettings {
  readonly clock: Clock;
  /** Silence of one direction after which a Ping goes out. */
  readonly pingInterval: number;
  /** Time for the first message of each direction. */
  readonly startTimeout: number;
  /** Time for the next message of each direction, and for the answer to a Ping. */
  readonly inactivityTimeout: number;
}

/** What {@link Keepalive} has its peer do. */
export interface KeepaliveHost {
  ping(): void;
  /** The connection is as good as lost. Called once, as the last thing. */
  inactive(cause: Inactivity): void;
}

/**
 * Sees to it that neither direction of a connection is silent for long, and notices when one is all
 * the same. One timer that looks at the clock when it fires, instead of one that every message sets
 * anew.
 */
export class Keepalive {
  readonly #settings: KeepaliveSettings;
  readonly #host: KeepaliveHost;
  readonly #start: number;
  #timer: Timer | undefined;
  /** The oldest Ping that is unanswered. */
  #pingedAt: number | undefined;
  /** When to see whether a Ping is due. */
  #nextPing: number;
  /** Infinity while we do not read: the remote is not to blame for what we do not hear. */
  #listeningSince: number;
  /** Monotonic times of the last message of each direction. */
  lastReceive: number | undefined;
  lastSend: number | undefined;
  /** Shortest round trip so far, in ms. */
  minPing: number | undefined;

  constructor(settings: KeepaliveSettings, host: KeepaliveHost) {
    this.#settings = settings;
    this.#host = host;
    this.#start = this.#listeningSince = settings.clock.monotonic();
    this.#nextPing = this.#start + settings.pingInterval;
  }

  start(): void {
    this.#arm(this.#start, this.#nextPing);
  }

  /** A Ping went out. */
  pinged(): void {
    // An older one that is unanswered stays the one that is measured.
    this.#pingedAt ??= this.#settings.clock.monotonic();
  }

  /** A Pong came in. */
  ponged(): void {
    if (this.#pingedAt === undefined) return;
    const roundTrip = this.#settings.clock.monotonic() - this.#pingedAt;
    this.minPing = Math.min(this.minPing ?? roundTrip, roundTrip);
    this.#pingedAt = undefined;
  }

  /** Whether the stream is read at the moment. */
  set listening(listening: boolean) {
    this.#listeningSince = listening ? this.#settings.clock.monotonic() : Number.POSITIVE_INFINITY;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(now: number, due: number): void {
    this.#timer = this.#settings.clock.setTimeout(() => this.#look(), due - now);
  }

  #look(): void {
    const now = this.#settings.clock.monotonic();
    const { cause, due } = this.#deadline();
    if (due <= now) {
      this.#host.inactive(cause);
      return;
    }
    if (this.#nextPing <= now) this.#nextPing = this.#pingIfQuiet(now);
    // A Ping sets no deadline that would come before the next look at the Pings.
    this.#arm(now, Math.min(due, this.#nextPing));
  }

  /**
   * Returns when to see again. Whatever the traffic, Pings go out until a first one was answered: a
   * busy peer has a round trip, too.
   */
  #pingIfQuiet(now: number): number {
    const { pingInterval } = this.#settings;
    // One that is unanswered is repeated even while there is traffic: its Pong may have been left out.
    const answered = this.minPing !== undefined && this.#pingedAt === undefined;
    const quietSince = Math.min(this.lastReceive ?? this.#start, this.lastSend ?? this.#start);
    if (answered && quietSince + pingInterval > now) return quietSince + pingInterval;
    this.#host.ping();
    return now + pingInterval;
  }

  /** What will be overdue first. */
  #deadline(): { readonly cause: Inactivity; readonly due: number } {
    const { startTimeout, inactivityTimeout } = this.#settings;
    const { lastReceive, lastSend } = this;
    const started = lastReceive !== undefined && lastSend !== undefined;
    const heard = Math.max(lastReceive ?? this.#start, this.#listeningSince);
    const pinged = Math.max(this.#pingedAt ?? Number.POSITIVE_INFINITY, this.#listeningSince);
    const deadlines = [
      {
        cause: 'start-timeout',
        due: started ? Number.POSITIVE_INFINITY : this.#start + startTimeout,
      },
      { cause: 'send-timeout', due: (lastSend ?? this.#start) + inactivityTimeout },
      { cause: 'receive-timeout', due: heard + inactivityTimeout },
      { cause: 'ping-timeout', due: pinged + inactivityTimeout },
    ] as const;
    return deadlines.reduce((first, next) => (next.due < first.due ? next : first));
  }
}
