import type { Crypto } from '@devp2p/crypto';
import { type CheckedTransaction, recover, recoverAuthorities } from './admission.ts';
import type { Refusal } from './refusal.ts';
import type { NextRules } from './rules.ts';

/** Signatures whose accounts are recovered at once: 2 ms. */
const recoveriesPerTurn = 32;

/** A checked transaction with the accounts that have signed it. */
export interface SentTransaction {
  readonly checked: CheckedTransaction;
  /** Hex of the address. */
  readonly sender: string;
  /** Hex of the accounts that it delegates (EIP-7702). */
  readonly authorities: readonly string[];
}

/**
 * Recovers the senders of transactions, and the accounts that they delegate, a few at a time.
 *
 * @param nextTurn waits until other tasks of the program have run
 * @returns the transaction or the reason of its refusal, for each
 */
export async function recoverSenders(
  transactions: readonly CheckedTransaction[],
  next: NextRules,
  crypto: Crypto,
  nextTurn: () => Promise<unknown>,
): Promise<readonly (SentTransaction | Refusal)[]> {
  let count = 0;
  const countOne = async (): Promise<void> => {
    if (++count % recoveriesPerTurn === 0) await nextTurn();
  };
  const results: (SentTransaction | Refusal)[] = [];
  for (const checked of transactions) {
    const sender = recover(checked, next, crypto);
    await countOne();
    if (typeof sender !== 'string') {
      results.push(sender);
      continue;
    }
    const authorities = new Set<string>();
    for (const authority of recoverAuthorities(checked.transaction, crypto)) {
      authorities.add(authority);
      await countOne();
    }
    results.push({ checked, sender, authorities: [...authorities] });
  }
  return results;
}
