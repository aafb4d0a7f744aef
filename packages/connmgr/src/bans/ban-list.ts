import { type Clock, systemClock } from '@devp2p/clock';
import { type IpRange, normalizeIp, rangeKey, rangeOf } from '../policy/ip.ts';
import { type BanEntry, checkBanEntry, checkBanRange } from './ban-entry.ts';

/** How long a ban lasts if nothing else is said, in ms: a day, as in Bitcoin Core. */
const DAY = 86_400_000;

/** The furthest date that there is, for bans that do not end. */
const FOREVER = 8_640_000_000_000_000;

/** @see createBanList */
export interface BanListOptions {
  /** @default systemClock */
  readonly clock?: Clock | undefined;
  /** Called after each change, for whoever saves {@link BanList.entries}. @default nobody */
  readonly onChange?: (() => void) | undefined;
  /** How many networks are remembered as discouraged; one more makes the oldest go. @default 10000 */
  readonly maxDiscouraged?: number | undefined;
}

/** For how long, and why. */
export interface BanOptions {
  /** In ms. @default 86400000, a day; Infinity never ends */
  readonly duration?: number | undefined;
  /** For people. @default '' */
  readonly reason?: string | undefined;
}

/** Networks that are not wanted. An address (4 or 16 bytes) in the place of a range is that address alone. */
export interface BanList {
  /** @throws ConnManagerError `invalid-ban` */
  ban(range: IpRange | Uint8Array, options?: BanOptions): void;
  /** Leaves a ban of the same range as it is. @throws ConnManagerError `invalid-ban` */
  discourage(range: IpRange | Uint8Array, options?: BanOptions): void;
  /** Ends what was said about exactly this range. @returns whether there was anything. */
  lift(range: IpRange | Uint8Array): boolean;
  /** What an address falls under, bans first. */
  find(ip: Uint8Array): BanEntry | undefined;
  /** All that have not ended. */
  entries(): readonly BanEntry[];
  /**
   * Puts what was saved in the place of all that there is; what has ended is left out.
   *
   * @throws ConnManagerError `invalid-ban`, which names the entry at fault; nothing has changed then
   */
  restore(entries: readonly BanEntry[]): void;
}

/** Makes an empty list. Ends are told by the wall clock, since they outlive the program. */
export function createBanList(options: BanListOptions = {}): BanList {
  const { clock = systemClock, onChange = () => {}, maxDiscouraged = 10_000 } = options;
  const bans = new Ranges(clock);
  const discouraged = new Ranges(clock);
  const put = (entry: BanEntry): void => {
    (entry.kind === 'ban' ? bans : discouraged).set(entry);
    if (discouraged.size > maxDiscouraged) discouraged.deleteOldest();
  };
  const add = (
    kind: BanEntry['kind'],
    where: IpRange | Uint8Array,
    { duration = DAY, reason = '' }: BanOptions = {},
  ): void => {
    const range = checkBanRange(where, kind);
    const until = Math.min(clock.now() + duration, FOREVER);
    put(checkBanEntry({ kind, range, until, reason }, kind));
    onChange();
  };
  return {
    ban: (range, options) => add('ban', range, options),
    discourage: (range, options) => add('discourage', range, options),
    lift(where) {
      const key = rangeKey(checkBanRange(where, 'lift'));
      const wasBanned = bans.delete(key);
      const wasThere = discouraged.delete(key) || wasBanned;
      if (wasThere) onChange();
      return wasThere;
    },
    find: (ip) => bans.find(ip) ?? discouraged.find(ip),
    entries: () => [...bans.all(), ...discouraged.all()],
    restore(saved) {
      const entries = saved.map((entry, i) => checkBanEntry(entry, `ban list entry ${i + 1}`));
      bans.clear();
      discouraged.clear();
      for (const entry of entries) if (entry.until > clock.now()) put(entry);
      onChange();
    },
  };
}

/** Entries by their range: finding one takes as many steps as there are different lengths of prefixes. */
class Ranges {
  readonly #clock: Clock;
  readonly #entries = new Map<string, BanEntry>();
  /** A range of each length that there is, and how many have it. */
  readonly #lengths = new Map<string, { readonly like: IpRange; count: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  set(entry: BanEntry): void {
    const key = rangeKey(entry.range);
    this.delete(key);
    this.#entries.set(key, entry);
    const length = this.#lengths.get(lengthOf(entry.range));
    if (length) length.count++;
    else this.#lengths.set(lengthOf(entry.range), { like: entry.range, count: 1 });
  }

  /** @returns whether there was one that had not ended. */
  delete(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    const length = this.#lengths.get(lengthOf(entry.range));
    if (length && --length.count === 0) this.#lengths.delete(lengthOf(entry.range));
    return entry.until > this.#clock.now();
  }

  deleteOldest(): void {
    const [key] = this.#entries.keys();
    if (key !== undefined) this.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#lengths.clear();
  }

  find(ip: Uint8Array): BanEntry | undefined {
    const address = normalizeIp(ip);
    for (const { like } of [...this.#lengths.values()]) {
      if (like.network.length !== address.length) continue;
      const found = this.#current(rangeKey(rangeOf(address, like.prefix)));
      if (found) return found;
    }
    return undefined;
  }

  all(): BanEntry[] {
    return [...this.#entries.keys()].flatMap((key) => this.#current(key) ?? []);
  }

  #current(key: string): BanEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.until > this.#clock.now()) return entry;
    this.delete(key);
    return undefined;
  }
}

function lengthOf({ network, prefix }: IpRange): string {
  return `${network.length}/${prefix}`;
}
