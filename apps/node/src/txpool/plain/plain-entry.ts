import type { PlainAccount } from './plain-account.ts';

/** A unit of room in the pool, in bytes (go-ethereum, `txSlotSize`). */
export const slotSize: number = 32 * 1024;

/**
 * A plain transaction of the pool. There are thousands of them, so that it has few fields: hash and sender are kept as
 * the keys of the maps that have it.
 */
export class PlainEntry {
  /** Hex of the hash. */
  readonly key: string;
  /** In canonical form, in a buffer of its own. */
  readonly raw: Uint8Array;
  readonly type: number;
  readonly nonce: bigint;
  readonly gas: number;
  /** In wei. */
  readonly feeCap: bigint;
  readonly tipCap: bigint;
  /** The most that it takes from its sender, in wei. */
  readonly cost: bigint;
  /** Hex of the accounts that it delegates (EIP-7702). */
  readonly authorities: readonly string[] | undefined;
  /** Absent while it is not in the pool. */
  account: PlainAccount | undefined = undefined;
  /** What a block pays its beneficiary for a unit of gas, at the next base fee; negative when the fee is too low. */
  tip: bigint;
  /** Position in the order of arrival. */
  arrival = 0;
  isPending = false;
  isAnnounced = false;

  constructor(fields: PlainFields) {
    this.key = fields.key;
    this.raw = fields.raw;
    this.type = fields.type;
    this.nonce = fields.nonce;
    this.gas = fields.gas;
    this.feeCap = fields.feeCap;
    // Types 0 and 1 have one price: the same object takes no memory twice.
    this.tipCap = fields.tipCap === fields.feeCap ? fields.feeCap : fields.tipCap;
    this.cost = fields.cost;
    this.authorities = fields.authorities;
    this.tip = this.tipCap;
  }

  /** The room that it takes. */
  get slots(): number {
    return Math.ceil(this.raw.length / slotSize);
  }

  setBaseFee(baseFee: bigint): void {
    const isCapped = this.tipCap + baseFee > this.feeCap;
    this.tip = isCapped ? this.feeCap - baseFee : this.tipCap;
  }
}

/** Fields with which a {@link PlainEntry} is made. */
export type PlainFields = Pick<
  PlainEntry,
  'key' | 'raw' | 'type' | 'nonce' | 'gas' | 'feeCap' | 'tipCap' | 'cost' | 'authorities'
>;

/** Whether a transaction pays enough more than another of the same nonce: fee and tip, by a percentage (TP-05). */
export function canReplace(old: PlainEntry, entry: PlainEntry, bump: bigint): boolean {
  return exceeds(old.feeCap, entry.feeCap, bump) && exceeds(old.tipCap, entry.tipCap, bump);
}

function exceeds(old: bigint, price: bigint, bump: bigint): boolean {
  return price > old && price >= (old * (100n + bump)) / 100n;
}
