import { nobleCrypto } from '@devp2p/crypto';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { BlockState } from '../../../src/execution/evm/state/block-state.ts';
import { stateChanges } from '../../../src/execution/evm/state/state-changes.ts';
import type { StateReader } from '../../../src/execution/state/interfaces.ts';
import { address, createMemoryReader } from './memory-reader.ts';

const { keccak256 } = nobleCrypto;
const emptyHash = keccak256(new Uint8Array(0));
const code = Uint8Array.of(0x60, 0x00);
const modern = { removesEmptyAccounts: true };

function open(reader: StateReader = createMemoryReader([])): BlockState {
  return new BlockState(reader, { keccak256 });
}

const contract = { address: address(1), nonce: 1n, balance: 5n, code, storage: new Map([[7n, 70n]]) };

describe('reading', () => {
  test('an account of the parent', () => {
    const state = open(createMemoryReader([contract]));
    expect(state.account(address(1))).toEqual({ nonce: 1n, balance: 5n, codeHash: keccak256(code) });
    expect(state.code(address(1))).toEqual(code);
    expect(state.storage(address(1), 7n)).toBe(70n);
    expect(state.isEmpty(address(1))).toBe(false);
  });

  test('an absent account', () => {
    const state = open();
    expect(state.account(address(2))).toBeUndefined();
    expect(state.exists(address(2))).toBe(false);
    expect(state.isEmpty(address(2))).toBe(true);
    expect(state.balance(address(2))).toBe(0n);
    expect(state.code(address(2))).toHaveLength(0);
    expect(state.storage(address(2), 0n)).toBe(0n);
  });

  test('each value is read from the parent once', () => {
    const reader = createMemoryReader([contract]);
    const spies = (['account', 'storage', 'code'] as const).map((method) => vi.spyOn(reader, method));
    const state = open(reader);
    for (let i = 0; i < 2; i++) {
      state.code(address(1));
      state.storage(address(1), 7n);
    }
    for (const spy of spies) expect(spy).toHaveBeenCalledTimes(1);
  });

  test.each(['account', 'storage', 'code'] as const)('ND-07 an error of reader.%s is thrown and kept', (method) => {
    const error = new Error('disk');
    const state = open({
      ...createMemoryReader([contract]),
      [method]: () => {
        throw error;
      },
    });
    const read = (): void => {
      state.code(address(1));
      state.storage(address(1), 7n);
    };
    expect(read).toThrow(error);
    expect(state.failure).toEqual({ error });
  });
});

describe('changes', () => {
  test('nothing changed', () => {
    const state = open(createMemoryReader([contract]));
    state.setStorage(address(1), 7n, 71n);
    state.setStorage(address(1), 7n, 70n);
    state.addBalance(address(1), 1n);
    state.subtractBalance(address(1), 1n);
    state.addBalance(address(2), 0n);
    state.finishTransaction(modern);
    expect(stateChanges(state)).toEqual([]);
  });

  test('accounts, code and slots with their new values', () => {
    const state = open(createMemoryReader([contract]));
    state.setStorage(address(1), 7n, 0n);
    state.setStorage(address(1), 8n, 80n);
    state.setNonce(address(2), 1n);
    state.setCode(address(2), code);
    state.addBalance(address(3), 9n);
    state.finishTransaction(modern);
    expect(stateChanges(state)).toEqual([
      {
        address: address(1),
        account: { nonce: 1n, balance: 5n, codeHash: keccak256(code) },
        isStorageCleared: false,
        storage: new Map([
          [7n, 0n],
          [8n, 80n],
        ]),
      },
      {
        address: address(2),
        account: { nonce: 1n, balance: 0n, codeHash: keccak256(code) },
        code,
        isStorageCleared: false,
        storage: new Map(),
      },
      {
        address: address(3),
        account: { nonce: 0n, balance: 9n, codeHash: emptyHash },
        isStorageCleared: false,
        storage: new Map(),
      },
    ]);
  });

  test('an account that is destroyed, and created again', () => {
    const state = open(createMemoryReader([contract]));
    state.setStorage(address(1), 9n, 90n);
    state.finishTransaction(modern, [address(1)]);
    expect(state.account(address(1))).toBeUndefined();
    expect(state.storage(address(1), 7n)).toBe(0n);
    expect(stateChanges(state)).toEqual([
      { address: address(1), account: undefined, isStorageCleared: true, storage: new Map() },
    ]);
    state.addBalance(address(1), 1n);
    state.setStorage(address(1), 10n, 100n);
    state.finishTransaction(modern);
    expect(stateChanges(state)).toEqual([
      {
        address: address(1),
        account: { nonce: 0n, balance: 1n, codeHash: emptyHash },
        isStorageCleared: true,
        storage: new Map([[10n, 100n]]),
      },
    ]);
  });

  test('an account that is created and destroyed in the block', () => {
    const state = open();
    state.setCode(address(2), code);
    state.setStorage(address(2), 1n, 1n);
    state.finishTransaction(modern);
    state.finishTransaction(modern, [address(2)]);
    expect(stateChanges(state)).toEqual([]);
  });

  test('FK-13 a destroyed account keeps its balance from Amsterdam on', () => {
    const state = open(createMemoryReader([contract]));
    state.finishTransaction({ ...modern, keepsDestroyedBalance: true }, [address(1)]);
    expect(stateChanges(state)).toEqual([
      {
        address: address(1),
        account: { nonce: 0n, balance: 5n, codeHash: emptyHash },
        isStorageCleared: true,
        storage: new Map(),
      },
    ]);
  });
});

describe('end of a transaction', () => {
  const empty = createMemoryReader([{ address: address(3) }, { address: address(4) }]);

  test('removes empty accounts that were touched, from Spurious Dragon on', () => {
    const state = open(empty);
    state.touch(address(3));
    state.isEmpty(address(4));
    state.finishTransaction({ removesEmptyAccounts: false });
    expect(state.exists(address(3))).toBe(true);
    state.touch(address(3));
    state.finishTransaction(modern);
    expect(state.exists(address(3))).toBe(false);
    expect(state.exists(address(4))).toBe(true);
  });

  test('a touch that is reverted does not count, except that of RIPEMD-160', () => {
    const state = open(empty);
    state.checkpoint();
    state.touch(address(3));
    state.touch(address(4));
    state.revert();
    state.finishTransaction(modern);
    expect(state.exists(address(3))).toBe(false);
    expect(state.exists(address(4))).toBe(true);
  });

  test('a transfer to RIPEMD-160 that is reverted does not count', () => {
    const state = open(empty);
    state.checkpoint();
    state.addBalance(address(3), 1n);
    state.revert();
    state.finishTransaction(modern);
    expect(state.exists(address(3))).toBe(true);
  });

  test('original values, accesses, creations and transient storage are those of one transaction', () => {
    const state = open(createMemoryReader([contract]));
    const account = state.load(address(1));
    const slot = state.slotOf(account, 7n);
    expect([state.warm(account), state.warm(account)]).toEqual([false, true]);
    expect([state.warmSlot(slot), state.warmSlot(slot)]).toEqual([false, true]);
    state.setSlot(slot, 71n);
    state.setTransientStorage(account, 1n, 2n);
    state.markCreatedOf(account);
    state.markDestroyedOf(state.load(address(6)));
    expect(state.destroyed()).toEqual([state.load(address(6))]);
    state.warmForBlock(address(5));
    expect(state.originalStorage(address(1), 7n)).toBe(70n);
    expect(state.transientStorage(account, 1n)).toBe(2n);
    expect(account.isCreated).toBe(true);
    state.finishTransaction(modern);
    expect(state.originalStorage(address(1), 7n)).toBe(71n);
    expect(state.transientStorage(account, 1n)).toBe(0n);
    expect(account.isCreated).toBe(false);
    expect(state.destroyed()).toEqual([]);
    expect([state.warm(account), state.warmSlot(slot)]).toEqual([false, false]);
    expect(state.warm(state.load(address(5)))).toBe(true);
  });

  test('an open checkpoint is refused', () => {
    const state = open();
    state.checkpoint();
    expect(() => state.finishTransaction(modern)).toThrow('open checkpoint');
    state.commit();
    expect(() => state.commit()).toThrow('no open checkpoint');
    expect(() => state.revert()).toThrow('no open checkpoint');
  });
});

test('a balance does not become negative', () => {
  const state = open(createMemoryReader([contract]));
  expect(() => state.subtractBalance(address(1), 6n)).toThrow(RangeError);
});

test('changes and reverts leave what a model with copies has', () => {
  const small = fc.bigInt(0n, 3n);
  const account = fc.constantFrom(1, 2, 4);
  const step = fc.oneof(
    fc.record({ op: fc.constantFrom('checkpoint', 'commit', 'revert', 'finish') }),
    fc.record({ op: fc.constantFrom('destroy', 'code', 'warm'), account }),
    fc.record({ op: fc.constantFrom('nonce', 'balance'), account, value: small }),
    fc.record({ op: fc.constantFrom('storage', 'transient', 'warmSlot'), account, slot: small, value: small }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const state = open(createMemoryReader([contract]));
      let depth = 0;
      const saved: string[] = [];
      for (const given of steps) {
        const { op } = given;
        const of = address('account' in given ? given.account : 1);
        const slot = 'slot' in given ? given.slot : 0n;
        const value = 'value' in given ? given.value : 0n;
        if (op === 'checkpoint') {
          depth++;
          saved.push(snapshot(state));
          state.checkpoint();
        } else if (op === 'commit' && depth > 0) {
          depth--;
          saved.pop();
          state.commit();
        } else if (op === 'revert' && depth > 0) {
          depth--;
          state.revert();
          expect(snapshot(state)).toBe(saved.pop());
        } else if (op === 'finish' && depth === 0) state.finishTransaction({ removesEmptyAccounts: false });
        else if (op === 'destroy') state.destroy(of);
        else if (op === 'code') state.setCode(of, code);
        else if (op === 'warm') state.warm(state.load(of));
        else if (op === 'nonce') state.setNonce(of, value);
        else if (op === 'balance') state.setBalance(of, value);
        else if (op === 'storage') state.setStorage(of, slot, value);
        else if (op === 'transient') state.setTransientStorage(state.load(of), slot, value);
        else if (op === 'warmSlot') state.warmSlot(state.slotOf(state.load(of), slot));
      }
    }),
  );
});

/** All that can be seen of the state, as text. */
function snapshot(state: BlockState): string {
  const accounts = [1, 2, 4].map((number) => {
    const account = state.load(address(number));
    const slots = [0n, 1n, 2n, 3n, 7n].map((slot) => {
      const { value, original, isWarm } = state.slotOf(account, slot);
      return [value, original, isWarm, state.transientStorage(account, slot)];
    });
    const { exists, nonce, balance, codeHash, isWarm, isTouched, isStorageCleared } = account;
    return [exists, nonce, balance, Buffer.from(codeHash).toString('hex'), isWarm, isTouched, isStorageCleared, slots];
  });
  const changes = stateChanges(state).map((change) => ({ ...change, storage: [...change.storage] }));
  return JSON.stringify([accounts, changes], (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}
