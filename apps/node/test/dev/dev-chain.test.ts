import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { inspect } from 'node:util';
import { toHex } from '@devp2p/bytes';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { signAuthorization, signTransaction, type UnsignedTransaction } from '@devp2p/eth';
import { expect, onTestFinished, test } from 'vitest';
import { parseGenesis } from '../../src/config/genesis/genesis.ts';
import type { MinedBlock } from '../../src/dev/block-producer.ts';
import { devAccounts } from '../../src/dev/dev-accounts.ts';
import { createDevChain, type DevChain, type DevChainOptions } from '../../src/dev/dev-chain.ts';

const chainId = 1337n;
const gwei = 10n ** 9n;
const ether = 10n ** 18n;

async function open(options: DevChainOptions = {}): Promise<DevChain> {
  const dev = await createDevChain(options);
  onTestFinished(() => dev.close());
  return dev;
}

/** A transfer of 1 wei from an account to the next one. */
function transfer(dev: DevChain, from: number, nonce: number, fields: Partial<UnsignedTransaction> = {}): Uint8Array {
  const sender = dev.accounts[from];
  const recipient = dev.accounts[(from + 1) % dev.accounts.length];
  if (sender === undefined || recipient === undefined) throw new Error('no account');
  return signTransaction(
    {
      chainId,
      nonce: BigInt(nonce),
      gas: 21_000n,
      to: recipient.address,
      value: 1n,
      maxFeePerGas: 10n * gwei,
      maxPriorityFeePerGas: gwei,
      ...fields,
    } as UnsignedTransaction,
    sender.privateKey,
    crypto,
  );
}

test('EN-34 the accounts are those of the mnemonic that other development chains use', () => {
  const [first, second] = devAccounts(2, crypto);
  expect(toHex(first?.address as Uint8Array)).toBe('f39fd6e51aad88f6f4ce6ab8827279cfffb92266');
  expect(toHex(first?.privateKey as Uint8Array)).toBe(
    'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  );
  expect(toHex(second?.address as Uint8Array)).toBe('70997970c51812dc3a010c7d01b50e0d17dc79c8');
});

test('EN-34 mine includes transactions in their order, and returns block and receipts', async () => {
  const dev = await open();
  const { header, body, receipts } = await dev.mine([transfer(dev, 0, 0), transfer(dev, 0, 1), transfer(dev, 1, 0)]);
  expect(header.number).toBe(1);
  expect(body.transactions.length).toBe(3);
  expect(receipts.map(({ outcome, cumulativeGas }) => [outcome, cumulativeGas])).toEqual([
    [true, 21_000],
    [true, 42_000],
    [true, 63_000],
  ]);
  expect(dev.chain.head.hash).toEqual(header.hash);
  expect(await dev.account(dev.accounts[0]?.address as Uint8Array)).toMatchObject({ nonce: 2n });
  const second = await dev.account(dev.accounts[1]?.address as Uint8Array);
  const paid = 21_000n * (BigInt(header.baseFeePerGas ?? 0n) + gwei);
  expect(second?.balance).toBe(10_000n * ether + 2n - 1n - paid);
  expect(await dev.account(new Uint8Array(20).fill(0x77))).toBeUndefined();
});

test('EN-34 blocks have the rules of BPO2, and transactions of all types', async () => {
  const dev = await open();
  const genesis = parseGenesis(dev.genesis, crypto);
  expect(toHex(genesis.header.hash)).toBe(toHex(dev.chain.genesisHash));
  const [account, other] = dev.accounts;
  if (account === undefined || other === undefined) throw new Error('no account');
  const base = { chainId, gas: 200_000n, to: other.address };
  const fees = { maxFeePerGas: 10n * gwei, maxPriorityFeePerGas: gwei };
  const authorization = signAuthorization({ chainId, address: other.address, nonce: 5n }, account.privateKey, crypto);
  const fields: UnsignedTransaction[] = [
    { ...base, type: 0, nonce: 0n, gasPrice: 10n * gwei },
    { ...base, type: 1, nonce: 1n, gasPrice: 10n * gwei, accessList: [{ address: other.address, storageKeys: [] }] },
    { ...base, ...fees, type: 2, nonce: 2n, to: undefined, input: Uint8Array.of(0x60, 0x00, 0x60, 0x00, 0xf3) },
    {
      ...base,
      ...fees,
      type: 3,
      nonce: 3n,
      maxFeePerBlobGas: gwei,
      blobVersionedHashes: [new Uint8Array(32).fill(1)],
    },
    { ...base, ...fees, type: 4, nonce: 4n, authorizationList: [authorization] },
  ];
  const { header, receipts } = await dev.mine(fields.map((one) => signTransaction(one, account.privateKey, crypto)));
  expect(receipts.map(({ type, outcome }) => [type, outcome])).toEqual([0, 1, 2, 3, 4].map((type) => [type, true]));
  expect(header).toMatchObject({ blobGasUsed: 131_072, excessBlobGas: 0, difficulty: 0n });
  expect(header.requestsHash).toBeDefined();
  expect(header.blockAccessListHash).toBeUndefined();
});

test.each<[string, (dev: DevChain) => Uint8Array, string, string]>([
  ['a nonce that was used', (dev) => transfer(dev, 0, 0), 'transaction-nonce', 'nonce 0'],
  ['more than the balance', (dev) => transfer(dev, 0, 1, { value: 10_000n * ether }), 'balance', 'balance'],
  ['another chain', (dev) => transfer(dev, 0, 1, { chainId: 1n }), 'chain-id', 'chain id 1, not 1337'],
  ['too little gas', (dev) => transfer(dev, 0, 1, { gas: 20_999n }), 'intrinsic-gas', '20999'],
  [
    'more gas than a transaction may have',
    (dev) => transfer(dev, 0, 1, { gas: 2n ** 24n + 1n }),
    'gas-cap',
    '16777217',
  ],
  ['no transaction', () => Uint8Array.of(0xc0), 'transaction', ''],
])('EN-34 refused with its reason: %s', async (_, make, code, text) => {
  const dev = await open();
  await dev.mine([transfer(dev, 0, 0)]);
  const error = await dev.mine([make(dev)]).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ name: 'DevError', code: 'transaction-refused', transaction: code });
  expect((error as Error).message).toContain(text);
  expect(dev.chain.head.number).toBe(1);
  const isKnownLater = code === 'intrinsic-gas';
  const added = await dev.add(make(dev)).catch((cause: unknown) => cause);
  if (isKnownLater) expect(added).toBeInstanceOf(Uint8Array);
  else expect(added).toMatchObject({ code: 'transaction-refused', transaction: code });
});

test('EN-34 added transactions wait for a block, those of one sender in the order of their nonces', async () => {
  const dev = await open();
  await dev.add(transfer(dev, 0, 2));
  await dev.add(transfer(dev, 0, 0));
  await dev.add(transfer(dev, 1, 0));
  expect(dev.waiting).toBe(3);
  const first = await dev.mine();
  expect(first.receipts).toHaveLength(2);
  expect(dev.waiting).toBe(1);
  const hash = await dev.add(transfer(dev, 0, 1));
  const second = await dev.mine();
  expect(second.receipts).toHaveLength(2);
  expect(hash).toEqual(crypto.keccak256(second.body.transactions.at(0)));
  expect(dev.waiting).toBe(0);
  expect((await dev.mine()).receipts).toEqual([]);
});

test('EN-34 a branch replaces the canonical one when it is longer, with its state', async () => {
  const dev = await open();
  const [base] = [await dev.mine()];
  await dev.mine([transfer(dev, 0, 0)]);
  const high = await dev.mine([transfer(dev, 0, 1)]);
  const side = await dev.mine([], { parent: base.header.hash, extraData: Uint8Array.of(1) });
  expect(dev.chain.head.hash).toEqual(high.header.hash);
  const side2 = await dev.mine([], { parent: side.header.hash });
  expect(dev.chain.head.hash).toEqual(high.header.hash);
  const side3 = await dev.mine([transfer(dev, 1, 0)], { parent: side2.header.hash });
  expect(dev.chain.head.hash).toEqual(side3.header.hash);
  expect(await dev.account(dev.accounts[0]?.address as Uint8Array)).toMatchObject({ nonce: 0n });
  await expect(dev.mine([], { parent: new Uint8Array(32) })).rejects.toMatchObject({ code: 'unknown-parent' });
});

test('EN-34 blocks are made at a period of the virtual clock', async () => {
  const clock = createVirtualClock();
  const dev = await open({ clock, interval: 12 });
  const blocks: MinedBlock[] = [];
  let onNext = (): void => {};
  dev.onBlock((block) => {
    blocks.push(block);
    onNext();
  });
  for (let i = 0; i < 3; i++) {
    const next = new Promise<void>((resolve) => {
      onNext = resolve;
    });
    await clock.advance(11_999);
    expect(blocks).toHaveLength(i);
    await clock.advance(1);
    await next;
  }
  const times = blocks.map(({ header }) => header.timestamp);
  expect(times.slice(1).map((time, i) => time - (times[i] as number))).toEqual([12, 12]);
});

test('EN-34 blocks are made as soon as transactions wait', async () => {
  const dev = await open({ interval: 'transactions' });
  const next = new Promise<MinedBlock>((resolve) => {
    dev.onBlock(resolve);
  });
  await dev.add(transfer(dev, 0, 0));
  expect((await next).receipts).toHaveLength(1);
});

/** A genesis whose blocks have room for two transfers. */
async function smallGenesis(): Promise<string> {
  await using dev = await createDevChain();
  return JSON.stringify({ ...JSON.parse(dev.genesis), gasLimit: '0xc350' });
}

test('EN-34 transactions that do not fit into a block are in the next ones, without another transaction', async () => {
  const dev = await open({ interval: 'transactions', genesis: await smallGenesis() });
  const blocks: number[] = [];
  const included = new Promise<void>((resolve) => {
    dev.onBlock(({ receipts }) => {
      blocks.push(receipts.length);
      if (blocks.reduce((a, b) => a + b) === 6) resolve();
    });
  });
  // The third transaction of a block, which may be of either sender, does not fit.
  await Promise.all([0, 1].flatMap((from) => [0, 1, 2].map((nonce) => dev.add(transfer(dev, from, nonce)))));
  await included;
  expect(Math.max(...blocks)).toBeLessThanOrEqual(2);
  expect(blocks).not.toContain(0);
  expect(dev.waiting).toBe(0);
});

test('EN-34 a transaction that does not fit beside others waits for the next block', async () => {
  const dev = await open({ genesis: await smallGenesis() });
  const large = transfer(dev, 1, 0, { gas: 45_000n });
  await dev.add(transfer(dev, 0, 0, { maxPriorityFeePerGas: 2n * gwei }));
  await dev.add(large);
  expect((await dev.mine()).receipts).toHaveLength(1);
  expect(dev.waiting).toBe(1);
  expect((await dev.mine()).body.transactions.at(0)).toEqual(large);
  expect(dev.waiting).toBe(0);
});

test('EN-34 a chain in a directory is there again, and a temporary one is removed', async () => {
  const before = new Set(temporaryChains());
  const first = await createDevChain();
  const [datadir] = temporaryChains().filter((name) => !before.has(name));
  await first.close();
  expect(temporaryChains()).not.toContain(datadir);
  await expect(first.mine()).rejects.toMatchObject({ code: 'closed' });
});

function temporaryChains(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('devp2p-dev-') && existsSync(tmpdir()));
}

test.each<[string, object, string]>([
  ['no accounts', { accounts: 0 }, 'accounts is 0'],
  ['an interval of half a second', { interval: 0.5 }, 'interval is 0.5'],
  ['an unknown option', { period: 5 }, 'period'],
])('EN-34 refused option: %s', async (_, options, text) => {
  const error = await createDevChain(options as DevChainOptions).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ name: 'DevError', code: 'invalid-option' });
  expect((error as Error).message).toContain(text);
});

test('EN-34 mine names an option that it cannot use', async () => {
  const dev = await open();
  const { timestamp } = dev.chain.head;
  await expect(dev.mine([], { timestamp })).rejects.toMatchObject({
    code: 'invalid-option',
    message: `timestamp is ${timestamp}, expected a time after that of the parent, ${timestamp}`,
  });
  await expect(dev.mine('0x' as never)).rejects.toMatchObject({ code: 'invalid-option' });
  expect(dev.chain.head.number).toBe(0);
});

test('EN-34 console.log shows a development chain in a few lines, without keys', async () => {
  const text = inspect(await open());
  expect(text).toMatch(/^DevChain \{\s+chain: LocalChain/);
  expect(text).toContain('accounts: 10');
  expect(text).not.toContain('privateKey');
});
