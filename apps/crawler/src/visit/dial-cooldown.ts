import type { Clock } from '@devp2p/clock';
import { isLan, parseIp } from '@devp2p/ip';

/**
 * Keeps a minimum interval between two dials of one IP address, regardless of the number of nodes there. LAN and
 * loopback addresses are exempt, as in go-ethereum's dialer.
 */
export class DialCooldown {
  readonly #clock: Clock;
  readonly #interval: number;
  /** Time of the last dial by address, oldest first; monotonic. */
  readonly #dialed = new Map<string, number>();

  /** @param interval in milliseconds */
  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
  }

  /** Records a dial unless the address is cooling down. Returns the remaining milliseconds, 0 if the dial was recorded. */
  tryDial(ip: string): number {
    const remaining = this.remaining(ip);
    const bytes = parseIp(ip);
    const isLimited = bytes === undefined || !isLan(bytes);
    if (remaining === 0 && isLimited) this.#dialed.set(ip, this.#clock.monotonic());
    return remaining;
  }

  /** Milliseconds until the address may be dialed. */
  remaining(ip: string): number {
    const now = this.#clock.monotonic();
    for (const [oldest, at] of this.#dialed) {
      if (at + this.#interval > now) break;
      this.#dialed.delete(oldest);
    }
    const at = this.#dialed.get(ip);
    return at === undefined ? 0 : at + this.#interval - now;
  }
}
