import { toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import { EthError, formatForkId, type Mismatch } from '@devp2p/eth';
import { PeerError } from '@devp2p/peer';
import type { Log, LogFields } from '../logging/log.ts';

/** Why a node cannot be a peer, from its Hello and Status. */
export type Incompatibility =
  | Mismatch
  /** No eth version in common, or no eth protocol. In the form `eth/70`. */
  | {
      readonly of: 'version' | 'protocol';
      readonly ours: readonly string[];
      readonly theirs: readonly string[];
    };

/** @param ours the locally offered eth versions, such as `eth/70` */
export function incompatibilityOf(error: unknown, ours: readonly string[]): Incompatibility | undefined {
  if (error instanceof EthError) return error.mismatch;
  if (!(error instanceof PeerError)) return undefined;
  const { code, reason, hello, cause } = error;
  if (code === 'refused' && reason === 'useless-peer' && hello !== undefined) {
    const offers = hello.capabilities.map(({ name, version }) => `${name}/${version}`);
    const theirs = offers.filter((offer) => offer.startsWith('eth/'));
    if (theirs.length === 0) return { of: 'protocol', ours, theirs: offers };
    const shared = theirs.some((offer) => ours.includes(offer));
    return shared ? undefined : { of: 'version', ours, theirs };
  }
  return cause === undefined ? undefined : incompatibilityOf(cause, ours);
}

/** Whether dialing the node again soon would fail in the same way. */
export function isUseless(error: unknown): boolean {
  return incompatibilityOf(error, []) !== undefined || (error instanceof PeerError && error.reason === 'useless-peer');
}

const texts: Readonly<Record<Incompatibility['of'], string>> = {
  network: 'peer refused: another network id',
  genesis: 'peer refused: another genesis block',
  fork: 'peer refused: another fork id',
  version: 'peer refused: no eth version in common',
  protocol: 'peer refused: it does not support eth',
};

/** Each kind is logged once in this time, in ms. */
const logInterval = 60_000;
/** Time for which an incompatible node is remembered, in ms, and the maximum number of them. */
const memory = 600_000;
const maxRemembered = 1_024;

/** Nodes that connected and cannot be peers. */
export class IncompatibleNodes {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #logged = new Map<Incompatibility['of'], { at: number; suppressed: number }>();
  /** By hex public key, the longest ago first. */
  readonly #met = new Map<string, { readonly of: Incompatibility['of']; readonly at: number }>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Records an incompatible node.
   *
   * @param who its log fields
   */
  add(id: Uint8Array, who: LogFields, incompatibility: Incompatibility): void {
    const { of } = incompatibility;
    const now = this.#clock.monotonic();
    const key = toHex(id);
    this.#met.delete(key);
    this.#met.set(key, { of, at: now });
    this.#forget(now);
    const last = this.#logged.get(of);
    if (last !== undefined && now - last.at < logInterval) {
      last.suppressed += 1;
      return;
    }
    const suppressed = last?.suppressed ?? 0;
    this.#logged.set(of, { at: now, suppressed: 0 });
    const [ours, theirs] = valuesOf(incompatibility);
    this.#log.info({ ...who, ours, theirs, ...(suppressed > 0 && { others: suppressed }) }, texts[of]);
  }

  /** Number of incompatible nodes in the last ten minutes, in total and of the most frequent kind. */
  recent(): { readonly count: number; readonly most: Incompatibility['of'] | undefined } {
    this.#forget(this.#clock.monotonic());
    const counts = new Map<Incompatibility['of'], number>();
    for (const { of } of this.#met.values()) counts.set(of, (counts.get(of) ?? 0) + 1);
    const [most] = [...counts].sort(([, a], [, b]) => b - a);
    return { count: this.#met.size, most: most?.[0] };
  }

  #forget(now: number): void {
    for (const [key, { at }] of this.#met) {
      if (now - at < memory && this.#met.size <= maxRemembered) break;
      this.#met.delete(key);
    }
  }
}

/** Local and remote value, as in the log. */
function valuesOf(incompatibility: Incompatibility): readonly [unknown, unknown] {
  const { ours, theirs } = incompatibility;
  if (incompatibility.of === 'fork') {
    return [formatForkId(incompatibility.ours), formatForkId(incompatibility.theirs)];
  }
  if (Array.isArray(ours) && Array.isArray(theirs)) {
    // The number of offers of a remote is not limited.
    return [ours.join(' '), theirs.slice(0, 8).join(' ') || 'nothing'];
  }
  return [ours, theirs];
}
