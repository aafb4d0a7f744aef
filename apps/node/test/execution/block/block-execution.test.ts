import { concatBytes, toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { receiptCodec, sealHeader } from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { TransactionError } from '../../../src/errors/transaction-error.ts';
import type { BlockResult } from '../../../src/execution/block/block-execution.ts';
import type { StateReader } from '../../../src/execution/state/interfaces.ts';
import { decodeTransaction } from '../../../src/validation/decode-transaction.ts';
import { withChanges } from '../../chain/make-blocks.ts';
import { addressOf, keyOf, signTransaction, type TransactionFields } from './transactions.ts';
import { rich, richKey, World } from './world.ts';

const other = new Uint8Array(20).fill(7);
const eras = ['work', 'merge', 'shanghai', 'cancun', 'prague', 'osaka', 'amsterdam'] as const;
const transfer = (fields: TransactionFields = {}): Uint8Array =>
  signTransaction(richKey, { to: other, value: 1n, ...fields });

const receiptsOf = ({ receipts }: BlockResult) => [...receipts].map((receipt) => decode(receiptCodec, receipt));

describe('transactions one by one', () => {
  test.each(eras)('EN-29 in %s a transaction that cannot be executed leaves no trace', async (era) => {
    const world = new World(era);
    const good = [transfer(), transfer({ nonce: 1n, input: new Uint8Array(100).fill(1) })];
    const bad = [
      transfer({ nonce: 7n }),
      transfer({ gas: 100n }),
      transfer({ value: 10n ** 30n }),
      signTransaction(keyOf(3), { to: other }),
      transfer({ gas: 10n ** 8n }),
    ];
    const execution = await world.begin();
    for (const transaction of [...bad, good[0] as Uint8Array, ...bad, good[1] as Uint8Array, ...bad]) {
      if (good.includes(transaction)) {
        await execution.apply(decodeTransaction(transaction));
      } else {
        await expect(execution.apply(decodeTransaction(transaction))).rejects.toBeInstanceOf(TransactionError);
      }
    }
    expect(execution.length).toBe(2);
    const result = await execution.finish();
    const { result: without } = await world.build({ transactions: good });
    expect(world.processor.commitments(result)).toEqual(world.processor.commitments(without));
    expect(result.changes).toEqual(without.changes);
  });

  test('EN-29 FK-09 a transaction above the state gas that the block has left leaves no trace', async () => {
    const world = new World('amsterdam', { fields: { gasLimit: 250_000 } });
    const first = transfer({ to: rich, gas: 12_000n });
    const fresh = (nonce: bigint, byte: number): Uint8Array =>
      transfer({ nonce, to: new Uint8Array(20).fill(byte), gas: 220_000n });
    const execution = await world.begin();
    await execution.apply(decodeTransaction(first));
    await execution.apply(decodeTransaction(fresh(1n, 8)));
    expect(execution.gasLeft).toBeLessThan(220_000);
    await expect(execution.apply(decodeTransaction(fresh(2n, 9)))).rejects.toMatchObject({ code: 'block-gas' });
    const result = await execution.finish();
    const { result: without } = await world.build({ transactions: [first, fresh(1n, 8)] });
    expect(world.processor.commitments(result)).toEqual(world.processor.commitments(without));
  });

  test('ND-07 an error of the state is not an error of the block', async () => {
    const world = new World('prague');
    const { header, body } = await world.build({ transactions: [transfer()] });
    const failure = new Error('disk');
    for (const method of ['account', 'code'] as const) {
      const broken: StateReader = {
        account: (address) => world.state.account(address),
        storage: (address, slot) => world.state.storage(address, slot),
        hasStorage: (address) => world.state.hasStorage(address),
        code: (hash) => world.state.code(hash),
        [method]: () => {
          throw failure;
        },
      };
      const block = { header, body, ...world.start(), state: broken };
      await expect(world.processor.execute(block)).rejects.toBe(failure);
    }
  });

  test('ND-07 given senders are used, and missing ones are recovered', async () => {
    const world = new World('prague');
    const { header, body } = await world.build({ transactions: [transfer(), transfer({ nonce: 1n })] });
    const execute = (senders: readonly (Uint8Array | undefined)[]) =>
      world.processor.execute({ header, body, senders, ...world.start() });
    await execute([rich, undefined]);
    await expect(execute([other, undefined])).rejects.toMatchObject({ code: 'balance' });
  });
});

describe('Amsterdam', () => {
  const execution = (fields: TransactionFields) => gasOf(fields);

  async function gasOf(fields: TransactionFields) {
    const world = new World('amsterdam', { alloc: { [Buffer.from(other).toString('hex')]: { balance: '0x1' } } });
    const { result } = await world.build({ transactions: [transfer({ gas: 500_000n, ...fields })] });
    const [receipt] = receiptsOf(result);
    return { paid: receipt?.cumulativeGas, header: result.gasUsed, logs: receipt?.logs.length };
  }

  const fresh = new Uint8Array(20).fill(9);
  test.each<[string, TransactionFields, number, number, number]>([
    ['a transfer', {}, 21_000, 21_000, 1],
    ['a transfer without value', { value: 0n }, 15_000, 15_000, 0],
    ['a transfer to oneself', { to: rich }, 12_000, 12_000, 0],
    ['a transfer to a new account', { to: fresh }, 21_000 + 183_600, 183_600, 1],
    ['calldata', { input: new Uint8Array(10).fill(1) }, 21_000 + 640, 21_640, 1],
    ['an access list', { type: 1, accessList: [[other, [1n]]] }, 21_000 + 2900 + 2000 + 64 * 52, 29_228, 1],
    ['a creation', { to: undefined, value: 0n }, 24_000 + 183_600, 183_600, 0],
  ])('FK-07 FK-08 FK-10 FK-13 the gas of %s', async (_, fields, paid, header, logs) => {
    expect(await execution(fields)).toEqual({ paid, header, logs });
  });

  test('FK-08 the receipts of a block sum up to more gas than its header has', async () => {
    const { result } = await new World('amsterdam').build({
      transactions: [transfer({ to: fresh, gas: 300_000n }), transfer({ nonce: 1n })],
    });
    const last = receiptsOf(result).at(-1);
    expect(last?.cumulativeGas).toBeGreaterThan(result.gasUsed);
  });

  test('FK-13 a transfer of value is logged by the system address', async () => {
    const { result } = await new World('amsterdam').build({ transactions: [transfer({ value: 258n, gas: 300_000n })] });
    const [log] = receiptsOf(result)[0]?.logs ?? [];
    const word = (address: Uint8Array): Buffer => Buffer.concat([new Uint8Array(12), address]);
    expect(Buffer.from(log?.address ?? []).toString('hex')).toBe('fffffffffffffffffffffffffffffffffffffffe');
    expect(log?.topics.map((topic) => Buffer.from(topic))).toEqual([
      Buffer.from(crypto.keccak256(Buffer.from('Transfer(address,address,uint256)'))),
      word(rich),
      word(other),
    ]);
    expect(Buffer.from(log?.data ?? [])).toEqual(Buffer.from('102'.padStart(64, '0'), 'hex'));
  });
});

describe('before and after the transactions', () => {
  const balanceAfter = async (world: World, address: Uint8Array, contents: Parameters<World['build']>[0]) =>
    (await world.build(contents)).state.account(address)?.balance;

  test('ND-07 withdrawals are paid in gwei, and one of 0 creates no account', async () => {
    const world = new World('shanghai');
    const withdrawals = [
      [other, 3],
      [other, 4],
      [new Uint8Array(20).fill(8), 0],
    ] as const;
    const { state, header, body } = await world.build({ withdrawals });
    expect(state.account(other)?.balance).toBe(7_000_000_000n);
    expect(state.account(new Uint8Array(20).fill(8))).toBeUndefined();
    expect(await world.check(header, body)).toBeUndefined();
  });

  const ether = 10n ** 18n;
  test.each([
    ['frontier', 5n, { byzantiumBlock: 9, constantinopleBlock: 9, petersburgBlock: 9, istanbulBlock: 9 }],
    ['byzantium', 3n, { constantinopleBlock: 9, petersburgBlock: 9, istanbulBlock: 9 }],
    ['constantinople', 2n, { istanbulBlock: 9 }],
  ])('ND-07 the reward of a block of %s is %d ether, and of its uncles less', async (_, reward, forks) => {
    const world = new World('work', { fields: { config: { ...forks, berlinBlock: 9, londonBlock: 9 } } });
    const uncle = world.nextHeader({ beneficiary: new Uint8Array(20).fill(8), number: 0 });
    const fields = { beneficiary: other };
    expect(await balanceAfter(world, other, { fields })).toBe(reward * ether);
    const { state } = await world.build({ fields, uncles: [uncle] });
    expect(state.account(other)?.balance).toBe(reward * ether + (reward * ether) / 32n);
    expect(state.account(uncle.beneficiary)?.balance).toBe((reward * ether * 7n) / 8n);
  });

  test('ND-07 proof of stake and proof of authority pay no reward', async () => {
    const fields = { beneficiary: other };
    expect(await balanceAfter(new World('merge'), other, { fields })).toBeUndefined();
    const authority = {
      fields: { config: { clique: { period: 5, epoch: 30_000 } }, extraData: `0x${'00'.repeat(97)}` },
    };
    expect(await balanceAfter(new World('work', authority), other, { fields })).toBeUndefined();
  });

  test('ND-07 the signer of a Clique block receives the fees, and is the result of COINBASE', async () => {
    const contract = new Uint8Array(20).fill(0xcc);
    const vanity = '00'.repeat(32);
    const world = new World('work', {
      fields: {
        config: { clique: { period: 5, epoch: 30_000 } },
        difficulty: 1,
        extraData: `0x${vanity}${'00'.repeat(20 + 65)}`,
      },
      // SSTORE(0, COINBASE)
      alloc: { [toHex(contract)]: { code: '0x41600055' } },
    });
    const signer = addressOf(keyOf(5));
    const fields = { beneficiary: signer, difficulty: 2n, extraData: new Uint8Array(32) };
    const { header: built, body, state } = await world.build({ transactions: [transfer({ to: contract })], fields });
    expect(state.account(signer)?.balance).toBeGreaterThan(0n);
    expect(state.storage(contract, 0n)).toBe(BigInt(`0x${toHex(signer)}`));
    // The field of the header is a vote on an account.
    const unsealed = sealHeader(withChanges(built, { beneficiary: other }), crypto);
    const sealed = (seal: Uint8Array) =>
      sealHeader(withChanges(unsealed, { extraData: concatBytes(unsealed.extraData, seal) }), crypto);
    expect(await world.check(sealed(crypto.secp256k1.sign(unsealed.hash, keyOf(5))), body)).toBeUndefined();
    const another = sealed(crypto.secp256k1.sign(unsealed.hash, keyOf(6)));
    expect(await world.check(another, body)).toMatchObject({ code: 'state-root' });
    expect(await world.check(sealed(new Uint8Array(65)), body)).toMatchObject({ code: 'extra-data' });
  });

  test('ND-07 before Byzantium receipts have the state root', async () => {
    const forks = {
      byzantiumBlock: 9,
      constantinopleBlock: 9,
      petersburgBlock: 9,
      istanbulBlock: 9,
      berlinBlock: 9,
      londonBlock: 9,
    };
    const world = new World('work', { fields: { config: forks } });
    const { result, header, body } = await world.build({ transactions: [transfer(), transfer({ nonce: 1n })] });
    const roots = receiptsOf(result).map(({ outcome }) => outcome);
    expect(roots.map((root) => (root as Uint8Array).length)).toEqual([32, 32]);
    expect(roots[0]).not.toEqual(roots[1]);
    expect(await world.check(header, body)).toBeUndefined();
    const start = { state: world.state, blockHash: () => header.hash };
    await expect(world.processor.execute({ header, body, ...start })).rejects.not.toHaveProperty('code');
  });

  test('ND-07 an account delegates to code, and no longer', async () => {
    const world = new World('prague');
    const key = keyOf(4);
    const authorize = (nonce: bigint, address: Uint8Array, fields: { chainId?: bigint } = {}) => ({
      key,
      nonce,
      address,
      ...fields,
    });
    const code = (result: { state: { account(address: Uint8Array): { codeHash: Uint8Array } | undefined } }) =>
      Buffer.from(result.state.account(addressOf(key))?.codeHash ?? []).toString('hex');
    const send = (authorizations: TransactionFields['authorizations'] & object) =>
      world.build({ transactions: [transfer({ type: 4, gas: 500_000n, authorizations })] });
    const delegated = Buffer.from(crypto.keccak256(Buffer.from(`ef0100${'07'.repeat(20)}`, 'hex'))).toString('hex');
    const none = Buffer.from(crypto.keccak256(new Uint8Array())).toString('hex');
    expect(code(await send([authorize(0n, other)]))).toBe(delegated);
    expect(code(await send([authorize(0n, other, { chainId: 1234n })]))).toBe(delegated);
    expect(code(await send([authorize(0n, other), authorize(1n, new Uint8Array(20))]))).toBe(none);
    expect(code(await send([authorize(1n, other)]))).toBe('');
    expect(code(await send([authorize(0n, other, { chainId: 9n })]))).toBe('');
  });
});
