import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { CallError } from '../../errors/call-error.ts';
import type { Precompiles } from '../evm/precompiles.ts';
import { emptyCodeHash } from '../evm/state/account-state.ts';
import { addressKey } from '../evm/state/block-state.ts';
import type { Account, StateReader } from '../state/interfaces.ts';
import type { AccountOverride } from './call-task.ts';

interface ChangedAccount {
  readonly account: Account;
  readonly slots: ReadonlyMap<bigint, bigint>;
  /** Whether the slots are all that the account has. */
  readonly isWhole: boolean;
}

/** A state in which some accounts are changed. */
export class OverrideState implements StateReader {
  readonly #base: StateReader;
  readonly #accounts = new Map<string, ChangedAccount>();
  readonly #code = new Map<string, Uint8Array>();

  /** @throws CallError `refused` */
  constructor(base: StateReader, overrides: readonly AccountOverride[], { keccak256 }: Pick<Crypto, 'keccak256'>) {
    this.#base = base;
    for (const override of overrides) {
      const { address, nonce, balance, code, state, stateDiff } = override;
      if (state !== undefined && stateDiff !== undefined) {
        throw new CallError('refused', `account 0x${toHex(address)} has both 'state' and 'stateDiff'`);
      }
      if (nonce === undefined && balance === undefined && code === undefined && state === undefined) {
        if (stateDiff === undefined) continue;
      }
      const known = base.account(address);
      let codeHash = known?.codeHash ?? emptyCodeHash;
      if (code !== undefined) {
        codeHash = code.length === 0 ? emptyCodeHash : keccak256(code);
        this.#code.set(toHex(codeHash), code);
      }
      this.#accounts.set(addressKey(address), {
        account: { nonce: nonce ?? known?.nonce ?? 0n, balance: balance ?? known?.balance ?? 0n, codeHash },
        slots: new Map(state ?? stateDiff ?? []),
        isWhole: state !== undefined,
      });
    }
  }

  account(address: Uint8Array): Account | undefined {
    return this.#accounts.get(addressKey(address))?.account ?? this.#base.account(address);
  }

  storage(address: Uint8Array, slot: bigint): bigint {
    const changed = this.#accounts.get(addressKey(address));
    const value = changed?.slots.get(slot);
    if (value !== undefined) return value;
    return changed?.isWhole ? 0n : this.#base.storage(address, slot);
  }

  hasStorage(address: Uint8Array): boolean {
    const changed = this.#accounts.get(addressKey(address));
    if (changed !== undefined && (changed.isWhole || changed.slots.size > 0)) return changed.slots.size > 0;
    return this.#base.hasStorage(address);
  }

  code(codeHash: Uint8Array): Uint8Array {
    return this.#code.get(toHex(codeHash)) ?? this.#base.code(codeHash);
  }
}

/**
 * Moves precompiled contracts, and removes those whose accounts are changed.
 *
 * @throws CallError `refused`
 */
export function overridePrecompiles(contracts: Precompiles, overrides: readonly AccountOverride[]): Precompiles {
  const changed = new Map(contracts);
  const keys = new Set(overrides.map(({ address }) => addressKey(address)));
  const sorted = [...overrides].sort((a, b) => Buffer.compare(a.address, b.address));
  for (const { address, movePrecompileTo: to } of sorted) {
    const key = addressKey(address);
    const contract = contracts.get(key);
    if (to !== undefined) {
      if (contract === undefined) throw new CallError('refused', `account 0x${toHex(address)} is not a precompile`);
      if (keys.has(addressKey(to))) throw new CallError('refused', `account 0x${toHex(to)} is already overridden`);
      changed.set(addressKey(to), contract);
    }
    if (contract !== undefined) changed.delete(key);
  }
  return changed;
}
