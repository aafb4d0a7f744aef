import { type ForkName, isAtLeast } from '../fork.ts';

/** Gas and refunds of SSTORE that depends on the original value of the slot (EIP-1283 and its successors). */
export interface NetSstoreRules {
  readonly isNet: true;
  /** The first access of the slot in the transaction (EIP-2929), and another one. */
  readonly cold: number;
  readonly warm: number;
  /** A change that is not the first one of the transaction, and one to the same value. */
  readonly dirty: number;
  /** The first change from 0. */
  readonly set: number;
  /** The first change from another value. */
  readonly reset: number;
  /** Refund of a change to 0. */
  readonly clearRefund: number;
  /** Refund of a change back to the original value, which is 0. */
  readonly unsetRefund: number;
  /** Refund of a change back to another original value. */
  readonly unresetRefund: number;
  /** Whether SSTORE fails when a call with the stipend alone makes it (EIP-2200). */
  readonly hasSentry: boolean;
}

/** Gas of SSTORE depends on the present value and the new one only, before Constantinople and in Petersburg. */
export interface GrossSstoreRules {
  readonly isNet: false;
  readonly set: number;
  readonly reset: number;
  readonly clearRefund: number;
}

export type SstoreRules = NetSstoreRules | GrossSstoreRules;

const gross: GrossSstoreRules = { isNet: false, set: 20_000, reset: 5000, clearRefund: 15_000 };

const constantinople: NetSstoreRules = {
  isNet: true,
  cold: 0,
  warm: 0,
  dirty: 200,
  set: 20_000,
  reset: 5000,
  clearRefund: 15_000,
  unsetRefund: 19_800,
  unresetRefund: 4800,
  hasSentry: false,
};

/** EIP-2200. */
const istanbul: NetSstoreRules = {
  ...constantinople,
  dirty: 800,
  unsetRefund: 19_200,
  unresetRefund: 4200,
  hasSentry: true,
};

/** EIP-2929. */
const berlin: NetSstoreRules = {
  ...istanbul,
  cold: 2100,
  dirty: 100,
  reset: 2900,
  unsetRefund: 19_900,
  unresetRefund: 2800,
};

/** EIP-3529. */
const london: NetSstoreRules = { ...berlin, clearRefund: 4800 };

/** EIP-8038; state gas comes on top of the first change from 0 (EIP-8037). */
const amsterdam: NetSstoreRules = {
  ...london,
  warm: 100,
  dirty: 0,
  set: 10_000,
  reset: 10_000,
  clearRefund: 11_616,
  unsetRefund: 10_000,
  unresetRefund: 10_000,
};

export function sstoreRules(fork: ForkName): SstoreRules {
  if (isAtLeast(fork, 'amsterdam')) return amsterdam;
  if (isAtLeast(fork, 'london')) return london;
  if (isAtLeast(fork, 'berlin')) return berlin;
  if (isAtLeast(fork, 'istanbul')) return istanbul;
  return fork === 'constantinople' ? constantinople : gross;
}
