import { type Refusal, refusal } from '../refusal.ts';
import type { Reservations } from '../reservations.ts';
import type { AccountState, PlainAccount } from './plain-account.ts';
import type { PlainEntry } from './plain-entry.ts';
import type { PlainLimits } from './plain-limits.ts';

/** What the checks know of the pool and of the next block. */
interface PlainContext {
  readonly limits: PlainLimits;
  readonly reservations: Reservations;
  readonly accounts: ReadonlyMap<string, PlainAccount>;
  /** Number of pooled transactions by the account that they delegate. */
  readonly authorities: ReadonlyMap<string, number>;
  /** In wei. */
  readonly minTip: bigint;
  readonly gasLimit: number;
}

/**
 * Checks a transaction by the rules that need the state of its sender, and the transactions that the pool has.
 *
 * @param sender hex of the address
 * @param state of the sender
 * @param account of the sender; `undefined` if it has no transactions in the pool
 */
export function checkPlain(
  entry: PlainEntry,
  sender: string,
  state: AccountState,
  account: PlainAccount | undefined,
  context: PlainContext,
): Refusal | undefined {
  const { minTip, gasLimit } = context;
  const { nonce, cost } = entry;
  if (entry.tipCap < minTip) {
    return refusal('underpriced', `transaction underpriced: tip ${entry.tipCap}, minimum ${minTip}`);
  }
  if (entry.gas > gasLimit) {
    return refusal('block-gas', `exceeds block gas limit: ${entry.gas}, limit ${gasLimit}`);
  }
  if (nonce < state.nonce) return refusal('nonce-low', `nonce too low: next nonce ${state.nonce}, tx nonce ${nonce}`);
  if (state.balance < cost) {
    const values = `balance ${state.balance}, tx cost ${cost}`;
    return refusal('balance', `insufficient funds for gas * price + value: ${values}`);
  }
  const old = account?.find(nonce);
  const pendingCost = account?.pendingCost ?? 0n;
  const total = pendingCost + cost - (old?.isPending ? old.cost : 0n);
  if (state.balance < total) {
    const values = `balance ${state.balance}, queued cost ${pendingCost}, tx cost ${cost}`;
    return refusal('overdraft', `insufficient funds for gas * price + value: ${values}`);
  }
  if (context.reservations.isTaken(sender, 'plain')) {
    return refusal('reserved', 'address already reserved: the sender has blob transactions');
  }
  return (
    checkDelegation(entry, sender, state, account, context) ??
    checkAuthorities(entry, context) ??
    (old === undefined ? checkQueue(entry, account, context) : undefined)
  );
}

/** TP-07: one executable transaction of a sender with a delegation, or with one that is pooled. */
function checkDelegation(
  { nonce }: PlainEntry,
  sender: string,
  state: AccountState,
  account: PlainAccount | undefined,
  { authorities }: PlainContext,
): Refusal | undefined {
  if (!state.hasCode && !authorities.has(sender)) return undefined;
  const pending = account?.pending ?? [];
  if (pending.length === 0) {
    if (nonce === state.nonce) return undefined;
    return refusal(
      'nonce-gap',
      `gapped-nonce tx from delegated accounts: next nonce ${state.nonce}, tx nonce ${nonce}`,
    );
  }
  if (account?.find(nonce)?.isPending) return undefined;
  return refusal('delegated', 'in-flight transaction limit reached for delegated accounts');
}

function checkAuthorities({ authorities }: PlainEntry, { accounts, reservations }: PlainContext): Refusal | undefined {
  for (const authority of authorities ?? []) {
    const count = accounts.get(authority)?.size ?? 0;
    if (count > 1 || reservations.isTaken(authority, 'plain')) {
      return refusal('authority', `authority already reserved: 0x${authority}`);
    }
  }
  return undefined;
}

/** The queue of an account keeps its lowest nonces. */
function checkQueue(
  { nonce }: PlainEntry,
  account: PlainAccount | undefined,
  { limits }: PlainContext,
): Refusal | undefined {
  const last = account?.queued.at(-1);
  if (account === undefined || last === undefined || last.nonce > nonce || nonce === account.nextNonce)
    return undefined;
  const { length } = account.queued;
  if (length < limits.accountQueued) return undefined;
  return refusal('account-limit', `account limit exceeded: ${length} queued transactions`);
}
