import { toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { ForkId, ForkSchedule } from '@devp2p/eth';
import type { Log } from '../logging/log.ts';
import type { Incompatibility } from './incompatible.ts';

/** Number of peers that are no coincidence. */
const suspicious = 3;
/** Time for which a fork id of a peer counts, and between two reports, in milliseconds. */
const interval = 3_600_000;
/** How many peers are remembered: the last ones. */
const maxRemembered = 256;

/** Relation of the fork id of a peer to the local schedule. */
type Verdict = { readonly next?: bigint; readonly differs: boolean };

/**
 * Compares the fork ids of peers with the local schedule: several peers that announce the same unknown fork, or a
 * majority with other rules on the same genesis block, indicate that the schedule lacks a fork.
 */
export class ForkWatch {
  readonly #known: ReadonlySet<bigint>;
  readonly #clock: Clock;
  readonly #log: Log;
  /** By hex public key, the longest ago first. */
  readonly #verdicts = new Map<string, Verdict & { readonly at: number }>();
  #reported: number | undefined;

  constructor({ blocks, times }: ForkSchedule, clock: Clock, log: Log) {
    this.#known = new Set([...blocks, ...times].map(BigInt));
    this.#clock = clock;
    this.#log = log;
  }

  /** A node became a peer. */
  fits(id: Uint8Array, { next }: ForkId): void {
    const isKnown = next === 0n || this.#known.has(next);
    this.#add(id, isKnown ? { differs: false } : { next, differs: false });
  }

  /** A node could not become one. Only nodes with the same network id and genesis block count. */
  differs(id: Uint8Array, incompatibility: Incompatibility): void {
    if (incompatibility.of === 'fork') this.#add(id, { differs: true });
  }

  #add(id: Uint8Array, verdict: Verdict): void {
    const now = this.#clock.monotonic();
    const key = toHex(id);
    this.#verdicts.delete(key);
    this.#verdicts.set(key, { ...verdict, at: now });
    for (const [oldest, { at }] of this.#verdicts) {
      if (now - at < interval && this.#verdicts.size <= maxRemembered) break;
      this.#verdicts.delete(oldest);
    }
    if (this.#reported !== undefined && now - this.#reported < interval) return;
    if (this.#report()) this.#reported = now;
  }

  /** @returns whether a warning was logged */
  #report(): boolean {
    const peers = this.#verdicts.size;
    const announced = new Map<bigint, number>();
    let differing = 0;
    for (const { next, differs } of this.#verdicts.values()) {
      if (next !== undefined) announced.set(next, (announced.get(next) ?? 0) + 1);
      if (differs) differing += 1;
    }
    const [most] = [...announced].sort(([, a], [, b]) => b - a);
    if (most !== undefined && most[1] >= suspicious) {
      const [fork, count] = most;
      this.#log.warn(
        { fork, count, peers },
        'peers announce a fork that this schedule does not have: update this program, or the genesis',
      );
      return true;
    }
    if (differing >= suspicious && differing > peers / 2) {
      this.#log.warn(
        { count: differing, peers },
        'most peers of this genesis block follow other forks: update this program, or the genesis',
      );
      return true;
    }
    return false;
  }
}
