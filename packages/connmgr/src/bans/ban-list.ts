import { type Clock, systemClock } from '@devp2p/clock';
import { formatIpRange, type IpRange, ipRange, normalizeIp } from '@devp2p/ip';
import { any, func, integer, methods, type Rules } from '@devp2p/options';
import { check } from '../check-options.ts';
import { type BanEntry, checkBanEntry, checkBanRange } from './ban-entry.ts';

/** Default duration of a ban in ms: a day, as in Bitcoin Core. */
const day = 86_400_000;

/** The latest date of JavaScript, for bans that do not expire. */
const maxTime = 8_640_000_000_000_000;

/** Options of {@link createBanList}. */
export interface BanListOptions {
  /** @default systemClock */
  readonly clock?: Clock | undefined;
  /** Called after each change, to save {@link BanList.entries}. @default none */
  readonly onChange?: (() => void) | undefined;
  /** Most discouraged networks; a further one replaces the oldest. @default 10000 */
  readonly maxDiscouraged?: number | undefined;
}

/** Duration and reason of a ban. */
export interface BanOptions {
  /** Duration in ms. @default 86400000, a day; Infinity does not expire */
  readonly duration?: number | undefined;
  /** Text for operators. @default '' */
  readonly reason?: string | undefined;
}

/** List of unwanted networks. An address of 4 or 16 bytes in place of a range stands for that address only. */
export interface BanList {
  /** @throws ConnManagerError `invalid-ban`, or `invalid-option` for an unknown option */
  ban(range: IpRange | Uint8Array, options?: BanOptions): void;
  /** Does not change a ban of the same range. @throws ConnManagerError as {@link ban} */
  discourage(range: IpRange | Uint8Array, options?: BanOptions): void;
  /** Removes the entries of exactly this range. @returns whether there were any */
  lift(range: IpRange | Uint8Array): boolean;
  /** Returns the entry that covers an address; bans take precedence. */
  find(ip: Uint8Array): BanEntry | undefined;
  /** Returns all entries that have not expired. */
  entries(): readonly BanEntry[];
  /**
   * Replaces all entries by saved ones, except for those that have expired.
   *
   * @throws ConnManagerError `invalid-ban`, which names the invalid entry; the list is unchanged then
   */
  restore(entries: readonly BanEntry[]): void;
}

const listRules: Rules<BanListOptions> = { clock: methods('now'), onChange: func, maxDiscouraged: integer(0) };

/** The values are checked as those of a {@link BanEntry}. */
const banRules: Rules<BanOptions> = { duration: any, reason: any };

/**
 * Creates an empty list. Expiry uses the wall clock, since bans outlive the process.
 *
 * @throws ConnManagerError `invalid-option`
 */
export function createBanList(options: BanListOptions = {}): BanList {
  check.options('createBanList', options, listRules);
  const { clock = systemClock, onChange = () => {}, maxDiscouraged = 10_000 } = options;
  const bans = new Ranges(clock);
  const discouraged = new Ranges(clock);
  const put = (entry: BanEntry): void => {
    (entry.kind === 'ban' ? bans : discouraged).set(entry);
    if (discouraged.size > maxDiscouraged) discouraged.deleteOldest();
  };
  const add = (kind: BanEntry['kind'], where: IpRange | Uint8Array, options: BanOptions = {}): void => {
    check.options(kind, options, banRules);
    const { duration = day, reason = '' } = options;
    const range = checkBanRange(where, kind);
    const until = Math.min(clock.now() + duration, maxTime);
    put(checkBanEntry({ kind, range, until, reason }, kind));
    onChange();
  };
  return {
    ban: (range, options) => add('ban', range, options),
    discourage: (range, options) => add('discourage', range, options),
    lift(where) {
      const key = formatIpRange(checkBanRange(where, 'lift'));
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

/** Entries by range. A lookup takes one step per distinct prefix length. */
class Ranges {
  readonly #clock: Clock;
  readonly #entries = new Map<string, BanEntry>();
  /** An example range of each prefix length, and the number of ranges with it. */
  readonly #lengths = new Map<string, { readonly like: IpRange; count: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  set(entry: BanEntry): void {
    const key = formatIpRange(entry.range);
    this.delete(key);
    this.#entries.set(key, entry);
    const length = this.#lengths.get(lengthOf(entry.range));
    if (length) length.count++;
    else this.#lengths.set(lengthOf(entry.range), { like: entry.range, count: 1 });
  }

  /** Deletes an entry. @returns whether there was one that had not expired */
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
      const found = this.#current(formatIpRange(ipRange(address, like.prefix)));
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
