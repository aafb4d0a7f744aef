import { type IpRange, ipRange } from '@devp2p/ip';
import { ConnManagerError } from '../error.ts';

/**
 * An unwanted network. A `ban` is set by the operator: its addresses are neither accepted nor dialed. `discourage` is
 * set by the program: its addresses are accepted only while there are free slots.
 */
export interface BanEntry {
  readonly kind: 'ban' | 'discourage';
  readonly range: IpRange;
  /** Expiry, in ms since the Unix epoch. */
  readonly until: number;
  /** Text for operators. */
  readonly reason: string;
}

/**
 * Checks an entry from an untrusted source and normalizes its range.
 *
 * @param name name of the entry in error messages
 * @throws ConnManagerError `invalid-ban`
 */
export function checkBanEntry(entry: BanEntry, name: string): BanEntry {
  const fail = (problem: string): never => {
    throw new ConnManagerError('invalid-ban', `${name}: ${problem}`);
  };
  const { kind, range, until, reason } = entry ?? fail('the entry is empty');
  if (kind !== 'ban' && kind !== 'discourage') fail(`kind is ${JSON.stringify(kind)}, expected "ban" or "discourage"`);
  if (!Number.isFinite(until)) fail(`until is ${until}, expected a time in ms`);
  if (typeof reason !== 'string') fail('reason is not a string');
  return { kind, range: checkBanRange(range, name), until, reason };
}

/** Checks a range, or an address as a range of one. @throws ConnManagerError `invalid-ban` */
export function checkBanRange(range: IpRange | Uint8Array, name: string): IpRange {
  try {
    return range instanceof Uint8Array ? ipRange(range, range.length * 8) : ipRange(range?.network, range?.prefix);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new ConnManagerError('invalid-ban', `${name}: ${problem}`, { cause });
  }
}
