import { equalBytes, isZero } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { recoverAuthority, type SignedAuthorization } from '@devp2p/eth';
import { delegationTarget, delegationTo } from '../evm/delegation.ts';
import type { GasBudget } from '../evm/frame/gas-budget.ts';
import { accountWriteGas, codeByteStateGas, newAccountStateGas } from '../evm/rules/gas.ts';
import { addressKey, type BlockState } from '../evm/state/block-state.ts';
import type { AccessListBuilder } from './access-list.ts';
import type { ExecutableTransaction } from './check-transaction.ts';

/** Refund for an authority that exists: PER_EMPTY_ACCOUNT_COST - PER_AUTH_BASE_COST (EIP-7702). */
const existingAuthorityRefund = 12_500;
/** State gas of the code of a delegation (EIP-8037). */
const delegationStateGas = 23 * codeByteStateGas;
const maxNonce = 2n ** 64n - 1n;
const noCode: Uint8Array = new Uint8Array(0);

/** What authorizations depend on. */
export interface AuthorizationContext {
  readonly chainId: bigint;
  readonly state: BlockState;
  readonly crypto: Crypto;
  /** From Amsterdam on. */
  readonly accessList: AccessListBuilder | undefined;
}

/**
 * Sets the delegations of a transaction; invalid ones are skipped (EIP-7702).
 *
 * @param budget pays for written accounts and new state from Amsterdam on; absent before
 * @returns the refund; `undefined` when the budget is not enough, and the caller undoes the changes
 */
export function applyAuthorizations(
  executable: ExecutableTransaction,
  budget: GasBudget | undefined,
  context: AuthorizationContext,
): number | undefined {
  const { transaction } = executable;
  const { state } = context;
  const payments = budget && new AuthorizationPayments(executable, budget, state);
  let refund = 0;
  for (const authorization of transaction.authorizationList ?? []) {
    const authority = validAuthority(authorization, context);
    if (authority === undefined) continue;
    const code = state.code(authority);
    const target = delegationTarget(code);
    const isClearing = isZero(authorization.address);
    if (payments === undefined) {
      if (state.exists(authority)) refund += existingAuthorityRefund;
    } else if (!payments.pay(authority, target !== undefined, isClearing)) {
      return undefined;
    }
    state.setNonce(authority, authorization.nonce + 1n);
    if (isClearing) {
      if (code.length > 0) state.setCode(authority, noCode);
    } else if (target === undefined || !equalBytes(target, authorization.address)) {
      state.setCode(authority, delegationTo(authorization.address));
    }
  }
  return refund;
}

/** The account that an authorization is of; `undefined` when it is invalid. */
function validAuthority(
  authorization: SignedAuthorization,
  { chainId, state, crypto, accessList }: AuthorizationContext,
): Uint8Array | undefined {
  if (authorization.chainId !== 0n && authorization.chainId !== chainId) return undefined;
  if (authorization.nonce === maxNonce) return undefined;
  const authority = recoverAuthority(authorization, crypto);
  if (authority === undefined) return undefined;
  // The account is accessed even when the authorization is invalid from here on.
  const account = state.load(authority);
  state.warm(account);
  accessList?.account(authority);
  const code = state.codeOf(account);
  if (code.length > 0 && delegationTarget(code) === undefined) return undefined;
  return account.nonce === authorization.nonce ? authority : undefined;
}

/** Charges of authorizations that depend on the state (EIP-2780, EIP-8037). */
class AuthorizationPayments {
  readonly #state: BlockState;
  readonly #budget: GasBudget;
  /** Accounts whose write is paid for. */
  readonly #written = new Set<string>();
  /** Accounts with a delegation before the transaction, or one that is paid for. */
  readonly #delegated = new Set<string>();
  /** Accounts that had no delegation when they were first seen. */
  readonly #seen = new Set<string>();

  constructor({ transaction, sender }: ExecutableTransaction, budget: GasBudget, state: BlockState) {
    this.#state = state;
    this.#budget = budget;
    // Their writes are part of the intrinsic gas: the sender's always, the recipient's with a value.
    this.#written.add(sender.key);
    if (transaction.to !== undefined && transaction.value > 0n) this.#written.add(addressKey(transaction.to));
  }

  pay(authority: Uint8Array, isDelegated: boolean, isClearing: boolean): boolean {
    const key = addressKey(authority);
    if (!this.#seen.has(key)) {
      this.#seen.add(key);
      if (isDelegated) this.#delegated.add(key);
    }
    let gas = 0;
    let stateGas = 0;
    if (!this.#written.has(key)) {
      gas += accountWriteGas;
      this.#written.add(key);
    }
    if (this.#state.isEmpty(authority)) stateGas += newAccountStateGas;
    if (!isClearing && !this.#delegated.has(key)) {
      stateGas += delegationStateGas;
      this.#delegated.add(key);
    }
    const budget = this.#budget;
    if (budget.gas < gas) return false;
    budget.gas -= gas;
    return budget.chargeState(stateGas);
  }
}
