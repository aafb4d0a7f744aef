import { toHex } from '@devp2p/bytes';
import { describe, expect, test } from 'vitest';
import { decodeTransaction } from '../../../src/validation/decode-transaction.ts';
import { addressOf, keyOf, type TransactionFields } from '../block/transactions.ts';
import { rich, richKey } from '../block/world.ts';
import {
  accountStateGas,
  bytes,
  callGas,
  contract,
  createWorld,
  existing,
  fresh,
  hex,
  receiptsOf,
  run,
  slotStateGas,
  transaction,
} from './scene.ts';

/** PUSH1 value, PUSH1 slot, SSTORE: 6 gas besides that of SSTORE. */
const store = (value: number, slot = 0): string => `60${hex(value, 2)}60${hex(slot, 2)}55`;
const one = { '0x00': '0x01' };

/** Execution constants of EIP-8038, as in go-ethereum v1.17.10. */
const [cold, warm, write, clearRefund] = [2_100, 100, 10_000, 11_616];
const stores = (count: number, writes: number): number => 6 * count + cold + (count - 1) * warm + writes * write;

describe('storage', () => {
  // The cases and refunds of EIP-8038's table.
  test.each<[string, number, number[], number, number, number]>([
    ['1 → 1', 1, [1], stores(1, 0), 0, 0],
    ['0 → 1', 0, [1], stores(1, 1), slotStateGas, 0],
    ['1 → 2', 1, [2], stores(1, 1), 0, 0],
    ['1 → 0', 1, [0], stores(1, 1), 0, clearRefund],
    ['0 → 0 → 1', 0, [0, 1], stores(2, 1), slotStateGas, 0],
    ['1 → 2 → 3', 1, [2, 3], stores(2, 1), 0, 0],
    ['0 → 1 → 0', 0, [1, 0], stores(2, 1), 0, write],
    ['1 → 2 → 1', 1, [2, 1], stores(2, 1), 0, write],
    ['1 → 0 → 1', 1, [0, 1], stores(2, 1), 0, write],
    ['1 → 0 → 2', 1, [0, 2], stores(2, 1), 0, 0],
    ['0 → 1 → 0 → 1', 0, [1, 0, 1], stores(3, 2), slotStateGas, write],
    ['1 → 0 → 1 → 0', 1, [0, 1, 0], stores(3, 2), 0, clearRefund + write],
  ])('FK-12 the gas of a slot %s', async (_, before, values, gas, state, refund) => {
    // A new account, so that a fifth of the gas is more than any refund.
    const create = '600060006000f050';
    const code = `${create}${values.map((value) => store(value)).join('')}`;
    const { spent, isSuccess } = await run({ code, ...(before === 1 && { storage: one }) });
    expect(isSuccess).toBe(true);
    const execution = callGas + 12_000 + 11 + gas;
    const all = accountStateGas + state;
    expect(spent).toEqual({ execution, state: all, paid: execution + all - refund });
  });

  test('FK-12 a cold slot costs 2,100, a warm one 100', async () => {
    const { spent } = await run({ code: '600054600054' });
    expect(spent).toEqual({ execution: callGas + 6 + cold + warm, state: 0, paid: callGas + 6 + cold + warm });
  });
});

const push = (address: Uint8Array): string => `73${toHex(address)}`;
/** A call with all gas of an account without input and output. */
const call = (opcode: string, to: Uint8Array, value?: number): string =>
  `${'6000'.repeat(4)}${value === undefined ? '' : `60${hex(value, 2)}`}${push(to)}5a${opcode}50`;
/** Gas of the other instructions of such a call: pushes, GAS and POP. */
const withValue = 6 * 3 + 4;
const withoutValue = 5 * 3 + 4;

describe('accounts', () => {
  test.each<[string, string, number, number]>([
    ['BALANCE', `${push(existing)}31`, 3 + 3_000, 0],
    ['EXTCODEHASH', `${push(existing)}3f`, 3 + 3_000, 0],
    // A second read, of the code.
    ['EXTCODESIZE', `${push(existing)}3b`, 3 + 3_100, 0],
    ['EXTCODECOPY', `600060006000${push(existing)}3c`, 12 + 3_100, 0],
    ['a second BALANCE', `${push(existing)}31${push(existing)}31`, 6 + 3_100, 0],
    ['CALL', call('f1', existing, 0), withValue + 3_000, 0],
    ['DELEGATECALL', call('f4', existing), withoutValue + 3_000, 0],
    ['STATICCALL', call('fa', existing), withoutValue + 3_000, 0],
    // The callee returns the stipend of 2,300 of the 11,300 of a value.
    ['CALL with value', call('f1', existing, 1), withValue + 3_000 + 9_000, 0],
    ['CALLCODE with value', call('f2', existing, 1), withValue + 3_000 + 9_000, 0],
    ['CALL with value of a new account', call('f1', fresh, 1), withValue + 3_000 + 9_000, accountStateGas],
    ['CREATE', '600060006000f050', 9 + 2 + 12_000, accountStateGas],
    ['CREATE2', '6000600060006000f550', 12 + 2 + 12_000, accountStateGas],
    ['SELFDESTRUCT', `${push(existing)}ff`, 3 + 5_000 + 3_000, 0],
    ['SELFDESTRUCT to a new account', `${push(fresh)}ff`, 3 + 5_000 + 3_000 + 9_000, accountStateGas],
  ])('FK-12 the gas of %s', async (_, code, gas, state) => {
    const { spent, isSuccess } = await run({ code, balance: 1 });
    expect(isSuccess).toBe(true);
    expect(spent).toEqual({ execution: callGas + gas, state, paid: callGas + gas + state });
  });

  test('FK-12 a value costs 11,300 when the callee uses its stipend', async () => {
    const callee = new Uint8Array(20).fill(0xfe);
    // No gas besides the stipend, which INVALID uses.
    const code = `${'6000'.repeat(4)}6001${push(callee)}6000f150`;
    const { spent } = await run({ code, balance: 1, alloc: { [toHex(callee)]: { code: '0xfe' } } });
    expect(spent.execution).toBe(callGas + 7 * 3 + 2 + 3_000 + 11_300);
  });

  test('FK-12 a byte of new code costs 1,530 of state, and 6 for 32 bytes of hashing', async () => {
    // BALANCE, so that the floor of calldata does not apply; then RETURN of one word of memory.
    const create = (length: number) => {
      const input = bytes(`${push(existing)}3160${hex(length, 2)}6000f3`);
      return run({}, { to: undefined, input });
    };
    const [one, more] = [await create(1), await create(33)];
    expect(more.isSuccess).toBe(true);
    expect([one.spent.state, more.spent.state]).toEqual([accountStateGas + 1_530, accountStateGas + 33 * 1_530]);
    expect(more.spent.execution - one.spent.execution).toBe(3 + 6);
  });
});

describe('authorizations', () => {
  const key = keyOf(9);
  const authority = addressOf(key);
  const intrinsic = 12_000 + 7_816;
  const delegated = { [toHex(authority)]: { code: `0xef0100${toHex(existing)}` } };
  const known = { [toHex(authority)]: { balance: '0x1' } };
  const zero = new Uint8Array(20);
  const indicator = 23 * 1_530;
  test.each<[string, Record<string, object>, TransactionFields['authorizations'] & object, number, number]>([
    ['a new account', {}, [{ key, address: existing }], 9_000, accountStateGas + indicator],
    ['an account', known, [{ key, address: existing }], 9_000, indicator],
    ['a delegated account', delegated, [{ key, address: existing }], 9_000, 0],
    ['a new account, cleared', {}, [{ key, address: zero }], 9_000, accountStateGas],
    ['another chain', {}, [{ key, address: existing, chainId: 9n }], 0, 0],
  ])('FK-10 FK-12 the gas of the authorization of %s', async (_, alloc, authorizations, gas, state) => {
    const { spent } = await run({ alloc }, { type: 4, to: rich, authorizations });
    expect(spent).toEqual({ execution: intrinsic + gas, state, paid: intrinsic + gas + state });
  });

  test('FK-12 an authority of two authorizations pays once', async () => {
    const authorizations = [
      { key, address: existing },
      { key, address: contract, nonce: 1n },
    ];
    const { spent } = await run({}, { type: 4, to: rich, authorizations });
    expect(spent).toMatchObject({ execution: intrinsic + 7_816 + 9_000, state: accountStateGas + indicator });
  });
});

describe('system calls', () => {
  /** Stores in this number of new slots, each for 12,106 of execution and 97,920 of state. */
  const slots = (count: number): string => Array.from({ length: count }, (_, i) => `600161${hex(i + 1, 4)}55`).join('');
  const exits = '000064d678505ad48f8ccb093bc65613800e8282';

  // 286 × 12,106 + (286 − 16) × 97,920 ≤ 30,000,000, and more with 287 slots.
  test('FK-12 they have 30,000,000 gas and the state gas of 16 slots', async () => {
    const world = (count: number) => createWorld({ alloc: { [exits]: { code: `0x${slots(count)}` } } });
    const { result } = await world(286).build();
    // The gas of the block does not include it.
    expect(result.gasUsed).toBe(0);
    await expect(world(287).build()).rejects.toMatchObject({ code: 'system-contract' });
  });
});

describe('intrinsic gas', () => {
  /** Uses 12,106 gas and more, so that the floor of calldata does not apply. */
  const code = store(2);
  const executed = stores(1, 1);
  test.each<[string, TransactionFields, number]>([
    ['a byte of calldata', { input: Uint8Array.of(1) }, 16],
    ['a zero byte of calldata', { input: Uint8Array.of(0) }, 4],
    ['an address of an access list', { type: 1, accessList: [[existing, []]] }, 2_900 + 20 * 64],
    ['a slot of an access list', { type: 1, accessList: [[existing, [1n]]] }, 2_900 + 2_000 + 52 * 64],
    ['a value', { value: 1n }, 6_000],
    ['an authorization', { type: 4, authorizations: [{ key: keyOf(9), address: existing, chainId: 9n }] }, 7_816],
  ])('FK-10 %s', async (_, fields, gas) => {
    const { spent } = await run({ code, storage: one }, fields);
    expect(spent.execution).toBe(callGas + executed + gas);
  });

  test.each<[string, TransactionFields, number]>([
    ['a call', {}, 15_000],
    ['a call with value', { value: 1n }, 21_000],
    ['a transfer to oneself', { to: rich, value: 1n }, 12_000],
    ['a creation', { to: undefined }, 24_000],
    ['a creation with value', { to: undefined, value: 1n }, 24_000],
    ['zero bytes of calldata', { input: new Uint8Array(10) }, 15_640],
    ['other bytes of calldata', { input: new Uint8Array(10).fill(9) }, 15_640],
  ])('FK-10 %s needs its intrinsic gas and the floor of its calldata', async (_, fields, least) => {
    const execution = await createWorld({}).begin();
    const below = decodeTransaction(transaction({ ...fields, gas: BigInt(least - 1) }));
    await expect(execution.apply(below)).rejects.toMatchObject({ code: 'intrinsic-gas' });
    await execution.apply(decodeTransaction(transaction({ ...fields, gas: BigInt(least) })));
    expect(execution.length).toBe(1);
  });

  test.each<[string, TransactionFields]>([
    ['a new account', { to: fresh, value: 1n, gas: 21_000n }],
    ['a creation', { to: undefined, value: 1n, gas: 24_000n }],
    [
      'an authorization',
      { to: rich, value: 1n, type: 4, gas: 19_816n, authorizations: [{ key: keyOf(9), address: existing }] },
    ],
  ])('FK-10 gas that does not cover %s makes no invalid transaction, but one that fails', async (_, fields) => {
    const world = createWorld({});
    const { result, header, body, state } = await world.build({ transactions: [transaction(fields)] });
    expect(await world.check(header, body, result.accessList)).toBeUndefined();
    expect(result.gasUsed).toBe(Number(fields.gas));
    expect(state.account(fresh)).toBeUndefined();
    expect(state.account(addressOf(keyOf(9)))).toBeUndefined();
    expect(state.account(addressOf(richKey))?.nonce).toBe(1n);
  });
});

describe('the gas of a block', () => {
  test('FK-07 refunds lower what the sender pays, but not the gas of the block', async () => {
    const world = createWorld({ code: store(0), storage: one });
    const built = await world.build({ transactions: [transaction()] });
    const used = callGas + stores(1, 1);
    expect(built.header.gasUsed).toBe(used);
    // A fifth of the gas at most (EIP-3529).
    expect(receiptsOf(built)[0]?.cumulativeGas).toBe(used - Math.floor(used / 5));
    expect(await world.check(built.header, built.body)).toBeUndefined();
    const lower = world.nextHeader({ ...built.header, gasUsed: used - Math.floor(used / 5) });
    expect(await world.check(lower, built.body)).toMatchObject({ code: 'gas-used' });
  });

  test('FK-07 it is the larger one of two sums over all transactions, not a sum of the larger ones', async () => {
    const transfer = (nonce: bigint, to: Uint8Array) => transaction({ nonce, to, value: 1n, gas: 300_000n });
    const calls = Array.from({ length: 10 }, (_, i) => transfer(BigInt(i + 1), existing));
    const few = await createWorld({}).build({ transactions: [transfer(0n, fresh), calls[0] as Uint8Array] });
    expect(few.header.gasUsed).toBe(accountStateGas);
    const many = await createWorld({}).build({ transactions: [transfer(0n, fresh), ...calls] });
    expect(many.header.gasUsed).toBe(11 * 21_000);
  });

  const limit = 30_000_000;
  test.each<[string, TransactionFields, number, number]>([
    // 2^24 of execution fit into the rest, and state may have all.
    ['after execution gas', { to: contract }, limit, limit],
    ['after state gas', { to: fresh, value: 1n }, limit, limit - accountStateGas],
    ['when less execution gas is left than 2^24', { to: contract }, 100_000, 100_000 - callGas],
  ])('FK-09 a gas limit fits into the block %s', async (_, first, gasLimit, most) => {
    const execution = await createWorld({ gasLimit }).begin();
    const gas = gasLimit === limit ? 300_000n : 20_000n;
    await execution.apply(decodeTransaction(transaction({ ...first, gas })));
    const next = (amount: number) => decodeTransaction(transaction({ nonce: 1n, gas: BigInt(amount) }));
    await expect(execution.apply(next(most + 1))).rejects.toMatchObject({ code: 'block-gas' });
    await execution.apply(next(most));
    expect(execution.length).toBe(2);
  });

  test('FK-09 execution has 2^24 of a higher gas limit, and the rest is for state', async () => {
    // GAS, PUSH1 0, MSTORE, return of the word.
    const { output } = await run({ code: '5a60005260206000f3' }, { gas: 20_000_000n });
    expect(BigInt(`0x${toHex(output)}`)).toBe(2n ** 24n - BigInt(callGas) - 2n);
    // 180 slots: state gas of 17,625,600 comes from the gas limit, execution gas is far below 2^24.
    const slots = Array.from({ length: 180 }, (_, i) => store(1, i + 1)).join('');
    const { isSuccess, spent } = await run({ code: slots }, { gas: 25_000_000n });
    expect([isSuccess, spent.state]).toEqual([true, 180 * slotStateGas]);
  });
});
