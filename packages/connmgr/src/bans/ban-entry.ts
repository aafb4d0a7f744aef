import { ConnManagerError } from '../error.ts';
import { type IpRange, rangeOf } from '../policy/ip.ts';

/**
 * A network that is not wanted. A `ban` is the operator's: nothing from there is let in, and nobody there is dialled. To
 * `discourage` is what the program does by itself: from there comes in whoever does not take somebody else's place.
 */
export interface BanEntry {
  readonly kind: 'ban' | 'discourage';
  readonly range: IpRange;
  /** When it ends, in ms since the Unix epoch. */
  readonly until: number;
  /** For people. */
  readonly reason: string;
}

/**
 * An entry of any origin, with its range in its one form.
 *
 * @param name what the entry is called where it is at fault
 * @throws ConnManagerError `invalid-ban`
 */
export function checkBanEntry(entry: BanEntry, name: string): BanEntry {
  const fault = (what: string): never => {
    throw new ConnManagerError('invalid-ban', `${name}: ${what}`);
  };
  const { kind, range, until, reason } = entry ?? fault('it is nothing');
  if (kind !== 'ban' && kind !== 'discourage') fault('its kind is neither ban nor discourage');
  if (!Number.isFinite(until)) fault('its end is no time');
  if (typeof reason !== 'string') fault('its reason is no text');
  return { kind, range: checkBanRange(range, name), until, reason };
}

/** As {@link checkBanEntry}, for a range, or an address that stands for itself. */
export function checkBanRange(range: IpRange | Uint8Array, name: string): IpRange {
  try {
    return range instanceof Uint8Array
      ? rangeOf(range, range.length * 8)
      : rangeOf(range?.network, range?.prefix);
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new ConnManagerError('invalid-ban', `${name}: ${what}`, { cause });
  }
}
