import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { contractAddress } from '@devp2p/eth';
import { decode, encode, type Tree, tree } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { devGenesis } from '../../../src/dev/dev-genesis.ts';
import { checkAccessListForm } from '../../../src/engine/access-list.ts';
import type { TransactionFields } from '../block/transactions.ts';
import { type Allocation, type Era, rich } from '../block/world.ts';
import {
  accountStateGas,
  bytes,
  contract,
  createWorld,
  existing,
  hex,
  receiptsOf,
  returning,
  run,
  transaction,
  wordsOf,
} from './scene.ts';

const push = (address: Uint8Array): string => `73${toHex(address)}`;

describe('block access lists', () => {
  /** Reads slots 1 and 2, and writes slots 3 and 4. */
  const code = '60015460025460016003556001600455';
  type Account = [address: Uint8Array, writes: Tree[], reads: Tree[], balances: Tree[], nonces: Tree[], codes: Tree[]];

  async function build() {
    const world = createWorld({ code });
    const transactions = [transaction({ value: 1n }), transaction({ nonce: 1n, value: 1n })];
    return { world, built: await world.build({ transactions }) };
  }

  test('FK-06 a block without its list is executed, and the hash of the result compared', async () => {
    const { world, built } = await build();
    const { header, body, result } = built;
    expect(header.blockAccessListHash).toEqual(crypto.keccak256(result.accessList as Uint8Array));
    expect(await world.check(header, body)).toBeUndefined();
    expect(await world.check(header, body, result.accessList)).toBeUndefined();
    const other = world.nextHeader({ ...header, blockAccessListHash: new Uint8Array(32).fill(1) });
    expect(await world.check(other, body)).toMatchObject({ code: 'access-list' });
  });

  /** Changes of the account of the contract. */
  const wrong: readonly (readonly [string, (all: Tree[], account: Account) => void])[] = [
    ['accounts in another order', (all) => all.reverse()],
    ['an account twice', (all, account) => all.splice(all.indexOf(account), 0, account)],
    ['an account less', (all, account) => all.splice(all.indexOf(account), 1)],
    ['an account that was not accessed', (all) => all.push([new Uint8Array(20).fill(0xff), [], [], [], [], []])],
    ['written slots in another order', (_, [, writes]) => writes.reverse()],
    ['slots read in another order', (_, [, , reads]) => reads.reverse()],
    ['a slot read twice', (_, [, , reads]) => reads.push(reads.at(-1) as Tree)],
    ['a slot that is both written and read', (_, [, , reads]) => reads.push(Uint8Array.of(3))],
    ['a written slot without changes', (_, [, writes]) => writes.push([Uint8Array.of(9), []])],
    ['balances in another order', (_, [, , , balances]) => balances.reverse()],
    ['two balances of one index', (_, [, , , balances]) => balances.push(balances.at(-1) as Tree)],
    [
      'an index after that of the end of the block',
      (_, [, , , balances]) => balances.push([Uint8Array.of(4), Uint8Array.of(9)]),
    ],
    ['another value', (_, [, , , balances]) => balances.splice(1, 1, [Uint8Array.of(2), Uint8Array.of(9)])],
  ];
  test.each(wrong)(
    'FK-06 a list with %s makes the block invalid, also when the header has its hash',
    async (_, change) => {
      const { world, built } = await build();
      const all = decode(tree(), built.result.accessList as Uint8Array) as Tree[];
      const account = all.find(([address]) => toHex(address as Uint8Array) === toHex(contract)) as Account;
      // Slots 1 and 2 are read, 3 and 4 written; the balance changes twice.
      expect(account.slice(1, 4).map((list) => list.length)).toEqual([2, 2, 2]);
      change(all, account);
      const list = encode(tree(), all);
      checkAccessListForm(list);
      const header = world.nextHeader({ ...built.header, blockAccessListHash: crypto.keccak256(list) });
      expect(await world.check(header, built.body, list)).toMatchObject({ code: 'access-list' });
    },
  );
});

describe('sizes of code', () => {
  /** Init code that returns this number of zero bytes. */
  const deploying = (length: number): Uint8Array => bytes(`62${hex(length, 6)}5ff3`);
  const deploy = (era: Era, length: number) =>
    run(
      { era, gasLimit: 200_000_000 },
      { to: undefined, gas: era === 'osaka' ? 16_000_000n : 150_000_000n, input: deploying(length) },
    );

  test.each<[Era, number]>([
    ['osaka', 24_576],
    ['amsterdam', 65_536],
  ])('FK-11 in %s deployed code has at most %i bytes', async (era, most) => {
    expect((await deploy(era, most)).isSuccess).toBe(true);
    const { isSuccess, spent } = await deploy(era, most + 1);
    expect([isSuccess, spent.state]).toEqual([false, 0]);
  });

  test('FK-11 each byte of deployed code is paid for as state', async () => {
    const { spent } = await deploy('amsterdam', 65_536);
    expect(spent.state).toBe(accountStateGas + 65_536 * 1_530);
  });

  test.each<[Era, number]>([
    ['osaka', 49_152],
    ['amsterdam', 131_072],
  ])('FK-11 in %s CREATE and CREATE2 take init code of at most %i bytes', async (era, most) => {
    for (const opcode of ['f0', 'f5']) {
      const create = (length: number) =>
        run({ era, code: `${opcode === 'f5' ? '5f' : ''}62${hex(length, 6)}5f5f${opcode}${returning(1)}` });
      expect((await create(most)).isSuccess).toBe(true);
      expect((await create(most + 1)).isSuccess).toBe(false);
    }
  });
});

describe('logs of transfers', () => {
  const system = 'fffffffffffffffffffffffffffffffffffffffe';
  const topic = crypto.keccak256(Buffer.from('Transfer(address,address,uint256)'));
  const word = (address: Uint8Array): string => toHex(address).padStart(64, '0');
  const transfer = (from: Uint8Array, to: Uint8Array, value: number) => ({
    address: system,
    topics: [toHex(topic), word(from), word(to)],
    data: hex(value, 64),
  });
  const call = (opcode: string, to: Uint8Array, value: number): string =>
    `${'5f'.repeat(4)}60${hex(value, 2)}${push(to)}5a${opcode}50`;
  const log = { address: toHex(contract), topics: [], data: '' };
  const reverting = new Uint8Array(20).fill(0xfd);
  const created = contractAddress(rich, 0n, crypto);

  const cases: readonly (readonly [string, string, TransactionFields, readonly unknown[]])[] = [
    [
      'a transaction and calls, between other logs',
      `5f5fa0${call('f1', existing, 3)}`,
      { value: 10n },
      [transfer(rich, contract, 10), log, transfer(contract, existing, 3)],
    ],
    ['no value', call('f1', existing, 0), {}, []],
    ['oneself', call('f1', contract, 3), { to: rich, value: 5n }, []],
    ['oneself in a call', call('f1', contract, 3), { value: 10n }, [transfer(rich, contract, 10)]],
    ['a call that reverts', call('f1', reverting, 3), { value: 10n }, [transfer(rich, contract, 10)]],
    ['a transaction that reverts', `${call('f1', existing, 3)}5f5ffd`, { value: 10n }, []],
    ['CALLCODE', call('f2', existing, 3), { value: 10n }, [transfer(rich, contract, 10)]],
    [
      'SELFDESTRUCT',
      `${push(existing)}ff`,
      { value: 10n },
      [transfer(rich, contract, 10), transfer(contract, existing, 10)],
    ],
    ['SELFDESTRUCT to oneself', '30ff', { value: 10n }, [transfer(rich, contract, 10)]],
    ['a creation', '', { to: undefined, value: 5n, input: bytes('00') }, [transfer(rich, created, 5)]],
  ];
  test.each(cases)('FK-13 the logs of %s', async (_, code, fields, logs) => {
    const world = createWorld({ code: guarded(code), alloc: { [toHex(reverting)]: { code: '0x5f5ffd' } } });
    const built = await world.build({ transactions: [transaction(fields)] });
    const shown = receiptsOf(built).flatMap((receipt) =>
      receipt.logs.map(({ address, topics, data }) => ({
        address: toHex(address),
        topics: topics.map(toHex),
        data: toHex(data),
      })),
    );
    expect(shown).toEqual(logs);
    // Receipts root and bloom of the header are those of these logs.
    expect(await world.check(built.header, built.body)).toBeUndefined();
    expect(built.header.logsBloom.some((byte) => byte !== 0)).toBe(logs.length > 0);
  });

  /** Does nothing when the contract calls itself: CALLER, ADDRESS, EQ, JUMPI to the end. */
  function guarded(code: string): string {
    return `33301461${hex(8 + code.length / 2, 4)}57${code}005b00`;
  }

  test('FK-13 SELFDESTRUCT in the transaction of the creation burns nothing, and is not logged', async () => {
    // SSTORE(5, 42), ADDRESS, SELFDESTRUCT
    const input = bytes('602a60055530ff');
    const world = createWorld({});
    const built = await world.build({ transactions: [transaction({ to: undefined, value: 1_000_000n, input })] });
    const account = built.state.account(created);
    expect(account).toMatchObject({ balance: 1_000_000n, nonce: 0n });
    expect(toHex(account?.codeHash ?? new Uint8Array())).toBe(toHex(crypto.keccak256(new Uint8Array())));
    expect(built.state.storage(created, 5n)).toBe(0n);
    expect(receiptsOf(built)[0]?.logs).toHaveLength(1);
  });
});

describe('opcodes', () => {
  const zeros = (count: number): number[] => Array(count).fill(0);
  // Executions of EIP-8024 and of go-ethereum v1.17.10's TestEIP8024_Execution.
  test.each<[string, string, number[]]>([
    ['DUPN', '60016000808080808080808080808080808080e680', [1, ...zeros(16), 1]],
    ['SWAPN', '600160008080808080808080808080808080806002e780', [1, ...zeros(16), 2]],
    ['EXCHANGE', '600060016002e88e', [2, 0, 1]],
    [
      'EXCHANGE, from 30 to 2',
      '600080808080808080808080808080808080808080808080808080808060016002e88f',
      [2, ...zeros(28), 1],
    ],
    ['EXCHANGE, then ISZERO', '60008080e88e15', [1, 0, 0]],
    ['EXCHANGE, its operand is not executed', '600060006000e88e15', [1, 0, 0]],
  ])('FK-14 %s: %s', async (_, code, stack) => {
    const { isSuccess, output } = await run({ code: `${code}${returning(stack.length)}` });
    expect(isSuccess).toBe(true);
    expect(wordsOf(output)).toEqual(stack);
    expect((await run({ era: 'osaka', code })).isSuccess).toBe(false);
  });

  test.each([
    ['DUPN of 0x5b', 'e65b', false],
    ['SWAPN of 0x5b', 'e75b', false],
    ['EXCHANGE of 0x52', 'e852', false],
    ['DUPN of a missing item', '6000808080808080808080808080808080e680', false],
    ['a jump over an invalid DUPN', '600456e65b', true],
    ['EXCHANGE at the end of the code', '600260008080808080600160008080808080808080e8', true],
  ])('FK-14 %s', async (_, code, isSuccess) => {
    expect((await run({ code })).isSuccess).toBe(isSuccess);
  });

  test('FK-14 SLOTNUM is the slot number of the block, for 2 gas', async () => {
    for (const slotNumber of [0, 77, 2 ** 53 - 1, 2n ** 64n - 1n]) {
      const { output } = await run({ code: `4b${returning(1)}` }, {}, { slotNumber });
      expect(BigInt(`0x${toHex(output)}`)).toBe(BigInt(slotNumber));
    }
    const [none, one] = [await run({ code: '00' }), await run({ code: '4b00' })];
    expect(one.spent.execution - none.spent.execution).toBe(2);
    expect((await run({ era: 'osaka', code: '4b' })).isSuccess).toBe(false);
  });

  test.each([
    ['DUPN', 'e680'],
    ['SWAPN', 'e780'],
    ['EXCHANGE', 'e88e'],
  ])('FK-14 %s costs 3 gas', async (_, code) => {
    const stack = `6000${'80'.repeat(20)}`;
    const [none, one] = [await run({ code: stack }), await run({ code: `${stack}${code}` })];
    expect(one.spent.execution - none.spent.execution).toBe(3);
  });
});

describe('requests', () => {
  const contracts = [
    '00000961ef480eb55e80d19ad83579a64c007002',
    '0000bbddc7ce488642fb579f8b00f3a590007251',
    '0000bff46984e3725691fa540a8c7589300d8282',
    '000064d678505ad48f8ccb093bc65613800e8282',
  ];
  const counter = new Uint8Array(20).fill(0xcc);
  /** Adds 1 to its slot 0, and returns it in one byte. */
  const counting = '6001600054018060005560005360016000f3';

  test('FK-15 those of builders have types 3 and 4, and are read after those of withdrawals and consolidations', async () => {
    // Each contract returns how many have called the counter before it and with it.
    const asking = `60015f5f5f5f${push(counter)}5af15060015ff3`;
    const alloc: Record<string, Allocation> = { [toHex(counter)]: { code: `0x${counting}` } };
    for (const address of contracts) alloc[address] = { code: `0x${asking}` };
    const world = createWorld({ alloc });
    const { result, header, body } = await world.build();
    expect(result.requests?.map((request) => [...request])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
    expect(await world.check(header, body)).toBeUndefined();
    const before = await createWorld({ era: 'osaka', alloc }).build();
    expect(before.result.requests?.map((request) => [...request])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  test('FK-15 the factory of EIP-7997 is part of the genesis of a development chain, and creates at the address of EIP-1014', async () => {
    const { alloc } = JSON.parse(devGenesis({ accounts: [], chainId: 1, balance: 1n })) as {
      alloc: Record<string, { code: string; nonce: string }>;
    };
    const factory = '4e59b44847b379578588920ca78fbf26c0b4956c';
    // As in go-ethereum's params.DeterministicFactoryCode.
    expect(alloc[`0x${factory}`]).toMatchObject({
      nonce: '0x1',
      code: '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3',
    });
    const salt = new Uint8Array(32).fill(7);
    const initCode = bytes('00');
    const { code } = alloc[`0x${factory}`] as { code: string };
    const input = Buffer.concat([salt, initCode]);
    const { output } = await run({ alloc: { [factory]: { code } } }, { to: bytes(factory), input });
    const preimage = Buffer.concat([Uint8Array.of(0xff), bytes(factory), salt, crypto.keccak256(initCode)]);
    expect(toHex(output)).toBe(toHex(crypto.keccak256(preimage).subarray(12)));
  });

  test('FK-15 as in go-ethereum a block does not depend on the factory', async () => {
    const world = createWorld({ alloc: { '4e59b44847b379578588920ca78fbf26c0b4956c': undefined } as never });
    const { header, body } = await world.build();
    expect(await world.check(header, body)).toBeUndefined();
  });
});
