import { fromHex } from '@devp2p/bytes';
import { systemClock } from '@devp2p/clock';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { transactionHash } from '@devp2p/eth';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogs } from '../../src/logging/log.ts';
import { openTransactionPool, type TransactionPool } from '../../src/txpool/transaction-pool.ts';
import { type DevScene, ether, gwei, hex, openDevScene } from './dev-scene.ts';

async function open(clock = systemClock): Promise<DevScene & { readonly pool: TransactionPool }> {
  let pool: TransactionPool | undefined;
  const scene = await openDevScene({}, () => ({ clock, pool: lazy(() => pool as TransactionPool) }));
  pool = await openTransactionPool({ chain: scene.dev.chain, crypto, clock, log: silentLogs('txpool') });
  onTestFinished(async () => {
    await pool?.close();
    await scene.dev.close();
  });
  return { ...scene, pool };
}

/** An object whose fields are those of one that is made later. */
function lazy<T extends object>(target: () => T): T {
  return new Proxy({} as T, {
    get: (_, name) => {
      const value = Reflect.get(target(), name) as unknown;
      return typeof value === 'function' ? value.bind(target()) : value;
    },
  });
}

describe('eth_sendRawTransaction', () => {
  test('RP-24 a transaction is put into the pool, and its hash is returned', async () => {
    const { call, sign, pool, account } = await open();
    const raw = sign(0, 0);
    const hash = transactionHash(raw, crypto);
    expect(await call('sendRawTransaction', hex(raw))).toBe(hex(hash));
    expect(pool.has(hash)).toBe(true);
    expect(await call('getTransactionByHash', hex(hash))).toMatchObject({ blockHash: null, from: account(0) });
    expect(await call('getTransactionCount', account(0), 'latest')).toBe('0x0');
    expect(await call('getTransactionCount', account(0), 'pending')).toBe('0x1');
  });

  test('RP-24 what the pool refuses is -32000 with the usual words', async () => {
    const { call, sign } = await open();
    const send = (raw: Uint8Array) => call('sendRawTransaction', hex(raw));
    await send(sign(0, 0));
    for (const [raw, words] of [
      [sign(0, 0), 'already known'],
      [sign(1, 0, { chainId: 5n }), 'chain'],
      [sign(1, 0, { value: 20_000n * ether }), 'insufficient funds'],
      [sign(1, 0, { gas: 20_999n }), 'intrinsic gas'],
      [Uint8Array.of(2, 0xc0), ''],
      [Uint8Array.of(0x7f), ''],
      [new Uint8Array(), ''],
    ] as const) {
      await expect(send(raw)).rejects.toMatchObject({ number: -32000, message: expect.stringContaining(words) });
    }
    await expect(call('sendRawTransaction', '0x1')).rejects.toMatchObject({ number: -32602 });
  });

  test('RP-24 more than one ether of fees is refused', async () => {
    const { call, sign } = await open();
    const raw = sign(0, 0, { gas: 1_000_000n, maxFeePerGas: 2_000n * gwei });
    await expect(call('sendRawTransaction', hex(raw))).rejects.toMatchObject({
      number: -32000,
      message: 'tx fee (2.00 ether) exceeds the configured cap (1.00 ether)',
    });
  });
});

describe('eth_sendRawTransactionSync', () => {
  test('RP-24 the receipt is returned once the transaction is in a block', async () => {
    const { call, sign, dev } = await open();
    const raw = sign(0, 0);
    const receipt = call('sendRawTransactionSync', hex(raw));
    await expect(call('sendRawTransaction', hex(sign(1, 0)))).resolves.toBeDefined();
    await dev.mine([raw]);
    expect(await receipt).toMatchObject({ transactionHash: hex(transactionHash(raw, crypto)), status: '0x1' });
  });

  test('RP-24 after its time, the error has code 4 and the hash', async () => {
    const clock = createVirtualClock();
    const { call, sign, pool } = await open(clock);
    const raw = sign(0, 0);
    const added = new Promise((resolve) => pool.onPending(resolve));
    const outcome = expect(call('sendRawTransactionSync', hex(raw), 5_000)).rejects.toMatchObject({
      number: 4,
      data: hex(transactionHash(raw, crypto)),
    });
    await added;
    await new Promise(setImmediate);
    await clock.advance(5_000);
    await outcome;
  });
});

describe('eth_fillTransaction', () => {
  interface Filled {
    readonly raw: string;
    readonly tx: Readonly<Record<string, unknown>>;
  }
  const to = `0x${'77'.repeat(20)}`;

  test('RP-13 a transaction is completed with nonce, gas and fees, and is not signed', async () => {
    const { call, sign, account } = await open();
    await call('sendRawTransaction', hex(sign(0, 0)));
    const { raw, tx } = (await call('fillTransaction', { from: account(0), to, value: '0x5' })) as Filled;
    const { baseFeePerGas } = (await call('getBlockByNumber', 'latest', false)) as { readonly baseFeePerGas: string };
    const tip = BigInt((await call('maxPriorityFeePerGas')) as string);
    expect(tx).toEqual({
      ...{ type: '0x2', chainId: '0x539', nonce: '0x1', to, value: '0x5', input: '0x', gas: '0x5208' },
      ...{ gasPrice: null, maxPriorityFeePerGas: `0x${tip.toString(16)}`, accessList: [] },
      maxFeePerGas: `0x${(tip + 2n * BigInt(baseFeePerGas)).toString(16)}`,
      ...{ v: '0x0', r: '0x0', s: '0x0', yParity: '0x0', hash: hex(transactionHash(fromHex(raw.slice(2)), crypto)) },
    });
    expect(raw).toMatch(/^0x02.*808080$/);
  });

  test('RP-13 fields that are given stay, and decide the type', async () => {
    const { call, account } = await open();
    const fill = async (fields: object) =>
      ((await call('fillTransaction', { from: account(0), to, ...fields })) as Filled).tx;
    const own = { nonce: '0x9', gas: '0x7530', maxFeePerGas: '0x174876e800', maxPriorityFeePerGas: '0x3' };
    expect(await fill(own)).toMatchObject({ type: '0x2', ...own });
    const legacy = await fill({ gasPrice: '0x174876e800' });
    expect(legacy).toMatchObject({ type: '0x0', gasPrice: '0x174876e800', maxFeePerGas: null, gas: '0x5208' });
    expect(legacy).not.toHaveProperty('chainId');
    const blobVersionedHashes = [`0x01${'22'.repeat(31)}`];
    expect(await fill({ blobVersionedHashes })).toMatchObject({
      type: '0x3',
      blobVersionedHashes,
      maxFeePerBlobGas: '0x2',
    });
    const accessList = [{ address: to, storageKeys: [`0x${'00'.repeat(32)}`] }];
    expect(await fill({ accessList })).toMatchObject({ type: '0x2', accessList });
    const authorization = { chainId: '0x0', address: to, nonce: '0x0', yParity: '0x0', r: '0x1', s: '0x1' };
    expect(await fill({ authorizationList: [authorization] })).toMatchObject({
      type: '0x4',
      authorizationList: [authorization],
    });
  });

  test.each<[object, string]>([
    [{ gasPrice: '0x1', maxFeePerGas: '0x1' }, 'both gasPrice and'],
    [{ gasPrice: '0x1', authorizationList: [] }, 'both gasPrice and authorizationList'],
    [{ gasPrice: '0x0' }, 'gasPrice must be non-zero'],
    [{ maxFeePerGas: '0x0', maxPriorityFeePerGas: '0x0' }, 'maxFeePerGas must be non-zero'],
    [{ maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' }, 'maxFeePerGas (1) < maxPriorityFeePerGas (2)'],
    [{ maxFeePerBlobGas: '0x0' }, 'must be non-zero'],
    [{ blobVersionedHashes: [] }, 'need at least 1 blob'],
    [{ blobVersionedHashes: Array(7).fill(`0x${'01'.repeat(32)}`) }, 'too many blobs in transaction (have=7, max=6)'],
    [{ blobs: ['0x00'] }, '"blobs" is not supported'],
    [{ to: null }, 'contract creation without any data'],
    [{ to: null, blobVersionedHashes: [`0x${'01'.repeat(32)}`] }, 'missing "to" in blob transaction'],
    [{ to: null, input: '0x00', authorizationList: [] }, 'authorizationList provided for contract creation'],
    [{ chainId: '0x1' }, 'chainId does not match'],
    [{ value: `0x${'f'.repeat(30)}` }, 'insufficient funds'],
  ])('RP-13 %j is refused', async (fields, message) => {
    const { call, account } = await open();
    const filled = call('fillTransaction', { from: account(0), to, ...fields });
    await expect(filled).rejects.toMatchObject({ number: -32000, message: expect.stringContaining(message) });
  });
});

describe('the node', () => {
  test('RP-25 the rules in force, of the next fork and of the last one', async () => {
    const { call } = await open();
    const { current, next, last } = (await call('config')) as Record<string, { readonly forkId: string }>;
    expect(current).toMatchObject({
      activationTime: 0,
      blobSchedule: { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671 },
      chainId: '0x539',
      precompiles: { ECREC: `0x${'1'.padStart(40, '0')}`, P256VERIFY: `0x${'100'.padStart(40, '0')}` },
      systemContracts: { HISTORY_STORAGE_ADDRESS: '0x0000f90827f1c53a10cb7a02335b175320002935' },
    });
    expect(current?.forkId).toMatch(/^0x[\da-f]{8}$/);
    expect([next, last]).toEqual([null, null]);
  });

  test('RP-26 blocks are held in full, and states of the last 128 blocks', async () => {
    const { call, dev } = await open();
    await dev.mine([]);
    const all = { disabled: false, oldestBlock: '0x0' };
    const recent = { ...all, deleteStrategy: { type: 'window', retentionBlocks: '0x80' } };
    expect(await call('capabilities')).toMatchObject({
      head: { number: '0x1' },
      state: recent,
      stateproofs: recent,
      blocks: all,
      receipts: all,
    });
  });

  test('RP-13 coinbase is an address, the list of accounts is empty, and there are no keys to sign with', async () => {
    const { call } = await open();
    expect(await call('coinbase')).toBe(`0x${'00'.repeat(20)}`);
    expect(await call('accounts')).toEqual([]);
    for (const name of ['sign', 'signTransaction', 'sendTransaction']) {
      await expect(call(name)).rejects.toThrow(`there is no ${name}`);
    }
  });
});
