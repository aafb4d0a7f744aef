import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { contractAddress } from '@devp2p/eth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DevScene, echo, ether, hex, initCode, looper, openDevScene, reverter, setter } from './dev-scene.ts';

let scene: DevScene;
/** Addresses of contracts. */
let contract: string;
const other = `0x${'77'.repeat(20)}`;
const word = (value: bigint | number): string => value.toString(16).padStart(64, '0');

beforeAll(async () => {
  scene = await openDevScene();
  const { dev, sign } = scene;
  contract = hex(contractAddress(dev.accounts[0]?.address as Uint8Array, 0n, crypto));
  await dev.mine([sign(0, 0, { to: undefined, value: 0n, input: initCode(setter), gas: 200_000n })]);
});
afterAll(() => scene.dev.close());

const ask = (method: string, ...params: unknown[]) => scene.call(method, ...params);
/** An override that gives `other` some code. */
const code = (runtime: string) => ({ [other]: { code: `0x${runtime}` } });
const callOther = (runtime: string, input = '0x', fields: object = {}) =>
  ask('call', { to: other, input, ...fields }, 'latest', code(runtime));

describe('eth_call', () => {
  test('RP-18 the output of a call, whose changes are dropped', async () => {
    expect(await callOther(echo, '0x1234')).toBe('0x1234');
    expect(await ask('call', { to: contract, data: `0x${word(1)}${word(2)}` })).toBe('0x');
    expect(await ask('getStorageAt', contract, '0x1', 'latest')).toBe(`0x${word(0)}`);
    expect(await ask('call', { to: other })).toBe('0x');
  });

  test('RP-18 input and data may be the same, and are refused when they differ', async () => {
    expect(await callOther(echo, '0x12', { data: '0x12' })).toBe('0x12');
    await expect(callOther(echo, '0x12', { data: '0x13' })).rejects.toMatchObject({ number: -32602 });
  });

  test('RP-18 the sender is zero by default, and needs no ether without fees', async () => {
    // CALLER as a word.
    const caller = '335f5260205ff3';
    expect(await callOther(caller)).toBe(`0x${word(0)}`);
    expect(await callOther(caller, '0x', { from: contract })).toBe(`0x${contract.slice(2).padStart(64, '0')}`);
    // BASEFEE and GASPRICE.
    expect(await callOther('485f523a60205260405ff3')).toBe(`0x${word(0)}${word(0)}`);
  });

  test('RP-18 with a price, the sender has to pay and the base fee counts', async () => {
    const from = scene.account(1);
    const price = (gasPrice: string) => callOther('3a5f5260205ff3', '0x', { from, gasPrice, gas: '0x186a0' });
    expect(await price('0x77359400')).toBe(`0x${word(0x77359400)}`);
    await expect(price('0x1')).rejects.toMatchObject({ number: -32000, message: expect.stringContaining('base fee') });
    await expect(callOther(echo, '0x', { gasPrice: '0x77359400' })).rejects.toMatchObject({
      number: -32000,
      message: expect.stringContaining('insufficient funds'),
    });
    await expect(callOther(echo, '0x', { gasPrice: '0x1', maxFeePerGas: '0x1' })).rejects.toMatchObject({
      number: -32000,
    });
  });

  test('RP-18 a revert has code 3, its reason and its bytes', async () => {
    const text = Buffer.from('no money').toString('hex').padEnd(64, '0');
    const error = `0x08c379a0${word(32)}${word(8)}${text}`;
    await expect(callOther(reverter, error)).rejects.toMatchObject({
      number: 3,
      message: 'execution reverted: no money',
      data: error,
    });
    const panic = `0x4e487b71${word(0x11)}`;
    await expect(callOther(reverter, panic)).rejects.toMatchObject({
      number: 3,
      message: 'execution reverted: arithmetic underflow or overflow',
      data: panic,
    });
    for (const data of ['0x', '0x08c379a0', `0x08c379a0${word(2n ** 255n)}`, '0x1234']) {
      await expect(callOther(reverter, data)).rejects.toMatchObject({
        number: 3,
        message: 'execution reverted',
        data,
      });
    }
  });

  test('RP-18 other failures are -32000 with the usual text', async () => {
    await expect(callOther('fe')).rejects.toMatchObject({ number: -32000, message: 'invalid opcode' });
    await expect(callOther(looper, '0x', { gas: '0x5300' })).rejects.toMatchObject({
      number: -32000,
      message: 'out of gas',
    });
    await expect(callOther(echo, '0x', { gas: '0x1' })).rejects.toMatchObject({ number: -32000 });
  });

  test('RP-18 gas is at most 50 million', async () => {
    const gas = '5a5f5260205ff3';
    const left = BigInt((await callOther(gas, '0x', { gas: '0xffffffffffffffff' })) as string);
    expect(left).toBe(50_000_000n - 21_000n - 2n);
  });

  test('RP-18 overrides of balance, nonce, state and single slots', async () => {
    // SELFBALANCE, and the slot that the calldata names.
    const reader = '475f525f3554602052 60405ff3'.replace(' ', '');
    const read = (fields: object) =>
      ask('call', { to: contract, input: `0x${word(1)}` }, 'latest', {
        [contract]: { code: `0x${reader}`, ...fields },
      });
    const slot = (value: number) => ({ [`0x${word(1)}`]: `0x${word(value)}` });
    expect(await read({ balance: '0x5' })).toBe(`0x${word(5)}${word(0)}`);
    expect(await read({ stateDiff: slot(9) })).toBe(`0x${word(0)}${word(9)}`);
    expect(await read({ state: { [`0x${word(2)}`]: `0x${word(9)}` } })).toBe(`0x${word(0)}${word(0)}`);
    await expect(read({ state: slot(1), stateDiff: slot(1) })).rejects.toMatchObject({ number: -32000 });
  });

  test('RP-18 overrides of the block, and a precompiled contract that moves', async () => {
    // NUMBER, TIMESTAMP, COINBASE, GASLIMIT, PREVRANDAO.
    const block = '435f524260205241604052456060524460805260a05ff3';
    const fields = {
      number: '0x64',
      time: '0x65',
      feeRecipient: other,
      gasLimit: '0x67',
      prevRandao: `0x${word(0x68)}`,
    };
    expect(await ask('call', { to: other }, 'latest', code(block), fields)).toBe(
      `0x${word(100)}${word(101)}${other.slice(2).padStart(64, '0')}${word(103)}${word(104)}`,
    );
    const identity = `0x${'4'.padStart(40, '0')}`;
    const moved = { [identity]: { movePrecompileToAddress: other } };
    expect(await ask('call', { to: other, input: '0xaabb' }, 'latest', moved)).toBe('0xaabb');
    expect(await ask('call', { to: identity, input: '0xaabb' }, 'latest', moved)).toBe('0x');
    await expect(
      ask('call', { to: other }, 'latest', { [contract]: { movePrecompileToAddress: other } }),
    ).rejects.toMatchObject({ number: -32000 });
  });

  test('RP-33 a call that loops ends at its limit of gas or time', async () => {
    await expect(callOther(looper)).rejects.toMatchObject({ number: -32000 });
  });

  test.each([
    [{ to: 'x' }],
    [{ to: `0x${'1'.repeat(39)}` }],
    [{ gas: 1 }],
    [{ value: '0x01' }],
    [{ input: '0x1' }],
    [{ accessList: [{}] }],
    [[]],
    [null],
  ])('RP-05 call object %j is refused', async (call) => {
    await expect(ask('call', call, 'latest')).rejects.toMatchObject({ number: -32602 });
  });
});

describe('eth_estimateGas', () => {
  const from = () => scene.account(1);

  test('RP-19 a transfer costs exactly 21,000', async () => {
    expect(await ask('estimateGas', { from: from(), to: other, value: '0x1' })).toBe('0x5208');
  });

  test('RP-19 a call succeeds with its estimate, which is at most 1.5 % too high', async () => {
    const call = { from: from(), to: contract, input: `0x${word(1)}${word(2)}` };
    const gas = Number(await ask('estimateGas', call));
    const run = (limit: number) => ask('call', { ...call, gas: `0x${limit.toString(16)}` });
    await run(gas);
    await expect(run(Math.floor(gas / 1.015) - 1)).rejects.toMatchObject({ number: -32000 });
  });

  test('RP-19 a revert is reported as by eth_call', async () => {
    await expect(ask('estimateGas', { to: other, input: '0x1234' }, 'latest', code(reverter))).rejects.toMatchObject({
      number: 3,
      data: '0x1234',
    });
  });

  test('RP-19 not enough funds are -32000', async () => {
    const poor = `0x${'99'.repeat(20)}`;
    await expect(ask('estimateGas', { from: poor, to: other, value: '0x1' })).rejects.toMatchObject({ number: -32000 });
    await expect(
      ask('estimateGas', {
        from: from(),
        to: other,
        value: `0x${(10n ** 6n * ether).toString(16)}`,
        maxFeePerGas: '0x77359400',
      }),
    ).rejects.toMatchObject({ number: -32000, message: 'insufficient funds for transfer' });
    await expect(ask('estimateGas', { to: other }, 'latest', code(looper))).rejects.toMatchObject({
      number: -32000,
      message: expect.stringContaining('gas required exceeds allowance'),
    });
  });

  test('RP-19 authorizations and blobs are counted', async () => {
    const authorization = {
      chainId: '0x539',
      address: contract,
      nonce: '0x0',
      yParity: '0x0',
      r: `0x1${'0'.repeat(63)}`,
      s: '0x1',
    };
    const gas = Number(await ask('estimateGas', { from: from(), to: other, authorizationList: [authorization] }));
    expect(gas).toBeGreaterThanOrEqual(46_000);
    const blobs = { blobVersionedHashes: [`0x01${'0'.repeat(62)}`], maxFeePerBlobGas: '0x1' };
    expect(await ask('estimateGas', { from: from(), to: other, ...blobs })).toBe('0x5208');
  });
});

describe('eth_createAccessList', () => {
  test('RP-19 slots that a call accesses, also of one that reverts', async () => {
    const call = { from: scene.account(1), to: contract, input: `0x${word(7)}${word(2)}` };
    expect(await ask('createAccessList', call)).toMatchObject({
      accessList: [{ address: contract, storageKeys: [`0x${word(7)}`] }],
    });
    // SLOAD of slot 3, BALANCE of the contract, then REVERT.
    const input = `0x`;
    const runtime = `600354 73${contract.slice(2)}31 5f5ffd`.replaceAll(' ', '');
    expect(await ask('createAccessList', { to: other, input }, 'latest', code(runtime))).toMatchObject({
      error: 'execution reverted',
      accessList: [
        { address: other, storageKeys: [`0x${word(3)}`] },
        { address: contract, storageKeys: [] },
      ],
    });
  });

  test('RP-19 sender, recipient and precompiled contracts need no entry', async () => {
    const runtime = '5f5f5f5f5f60045af150 5f31 505f5ff3'.replaceAll(' ', '');
    expect(await ask('createAccessList', { to: other }, 'latest', code(runtime))).toMatchObject({ accessList: [] });
  });
});
