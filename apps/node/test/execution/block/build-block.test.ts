import { equalBytes } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { RawList, type SealedHeader, withdrawalCodec } from '@devp2p/eth';
import { encode } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { buildBlock } from '../../../src/execution/block/build-block.ts';
import { nextGasLimit } from '../../../src/execution/block/next-header.ts';
import type { BuildRequest, BuiltBlock } from '../../../src/execution/build-request.ts';
import { createStateStore } from '../../../src/execution/state/open-state-store.ts';
import type { StateStore } from '../../../src/execution/state/state-store.ts';
import { createBlockRules } from '../../../src/validation/block.ts';
import { checkHeader } from '../../../src/validation/header.ts';
import { accounts, fundedGenesis } from '../funded-genesis.ts';
import { signTransaction, type TestAccount, type TransactionFields } from '../sign-transaction.ts';
import { createProcessor } from './run-chain.ts';

const genesis = fundedGenesis();
const { config } = genesis;
const processor = createProcessor(config, crypto);
const rules = createBlockRules(config, crypto);
const recipient = new Uint8Array(20).fill(0x77);
const [alice, bob, carol] = accounts as [TestAccount, TestAccount, TestAccount];

/** A chain that is built block by block; each block is then executed as a received one. */
class BuiltChain {
  readonly state: StateStore;
  readonly hashes: Uint8Array[] = [genesis.header.hash];
  head: SealedHeader = genesis.header;

  private constructor(state: StateStore) {
    this.state = state;
  }

  static async open(): Promise<BuiltChain> {
    return new BuiltChain(await createStateStore({ genesis, crypto }));
  }

  #start() {
    const { hash } = this.head;
    const state = this.state.reader(hash);
    if (state === undefined) throw new Error('no state');
    return { state, blockHash: (number: number) => this.hashes[number] as Uint8Array };
  }

  async build(
    transactions: BuildRequest['transactions'],
    changes: Partial<BuildRequest> = {},
    onTurn = async () => false,
  ): Promise<BuiltBlock> {
    const { head } = this;
    const timestamp = changes.timestamp ?? head.timestamp + 10;
    const { forks } = config;
    return buildBlock(
      {
        parent: head,
        timestamp,
        beneficiary: recipient,
        mixHash: new Uint8Array(32).fill(3),
        withdrawals: RawList.of([]),
        ...(timestamp >= forks.cancun && { parentBeaconBlockRoot: new Uint8Array(32).fill(4) }),
        ...(timestamp >= forks.amsterdam && { slotNumber: head.number + 1 }),
        gasTarget: 60_000_000,
        extraData: Uint8Array.of(1, 2, 3),
        transactions,
        ...changes,
      },
      {
        config,
        crypto,
        processor,
        start: this.#start(),
        stateRoot: (stateChanges) => this.state.rootAfter(head.hash, stateChanges),
        onTurn,
      },
    );
  }

  /** Checks a built block by all rules, executes it, and adds it. */
  async add({ header, body, accessList }: BuiltBlock): Promise<void> {
    const { head } = this;
    checkHeader(header, { config, parent: head, parentTotalDifficulty: 131_072n, now: Number.POSITIVE_INFINITY });
    rules.checkBody(header, body);
    const result = await processor.execute({ header, body, accessList, ...this.#start() });
    expect(this.state.apply(head.hash, header, result.changes)).toEqual(header.stateRoot);
    this.hashes.push(header.hash);
    this.head = header;
  }

  balance(address: Uint8Array): bigint {
    return this.state.reader(this.head.hash)?.account(address)?.balance ?? 0n;
  }
}

const candidate = (account: TestAccount, nonce: number, fields: Partial<TransactionFields> = {}) => ({
  raw: signTransaction(account, { chainId: config.chainId, nonce, to: recipient, value: 1n, ...fields }),
  sender: account.address,
});

/** INVALID, which uses all gas. */
const failing = Uint8Array.of(0xfe);

test('EN-33 FK-24 blocks of every fork from Shanghai to Amsterdam are valid as they were built', async () => {
  const chain = await BuiltChain.open();
  const forks: string[] = [];
  let nonce = 0;
  while (chain.head.timestamp < 420) {
    const withdrawal = encode(withdrawalCodec, { index: 1, validatorIndex: 2, address: bob.address, amount: 5n });
    const transactions = [
      candidate(alice, nonce),
      candidate(alice, nonce + 1, { type: 0, gas: 200_000 }),
      // A contract that stores and logs, and one that fails.
      candidate(alice, nonce + 2, {
        to: new Uint8Array(),
        gas: 500_000,
        data: Uint8Array.of(0x60, 1, 0x5f, 0x55, 0x5f, 0x5f, 0xa0),
      }),
      candidate(alice, nonce + 3, { to: new Uint8Array(), gas: 500_000, data: failing }),
    ];
    const built = await chain.build(transactions, { withdrawals: RawList.of([withdrawal]) });
    expect(built.included).toEqual([0, 1, 2, 3]);
    nonce += 4;
    const before = chain.balance(recipient);
    await chain.add(built);
    // Besides the tips it receives 1 wei from each of the first two transactions.
    expect(built.value).toBe(chain.balance(recipient) - before - 2n);
    forks.push(built.accessList ? 'amsterdam' : built.requests ? 'prague' : 'earlier');
  }
  expect(new Set(forks)).toEqual(new Set(['earlier', 'prague', 'amsterdam']));
});

test('EN-30 EN-33 a block without transactions is valid in every fork', async () => {
  const chain = await BuiltChain.open();
  for (let i = 0; i < 42; i++) {
    const built = await chain.build([]);
    expect(built).toMatchObject({ included: [], value: 0n });
    await chain.add(built);
  }
  expect(chain.head.slotNumber).toBe(42);
});

describe('the choice of transactions', () => {
  test('EN-31 a transaction that fails its checks is left out, with the later ones of its sender', async () => {
    const chain = await BuiltChain.open();
    const built = await chain.build([
      candidate(alice, 0),
      // Alice cannot pay for it.
      candidate(alice, 1, { value: 10n ** 30n }),
      candidate(bob, 0),
      candidate(alice, 1),
      candidate(alice, 2),
      // There is a gap before it.
      candidate(carol, 1),
      candidate(bob, 1, { maxFee: 1n, tip: 1n }),
      candidate(bob, 1),
      { raw: Uint8Array.of(0x02, 0xc0), sender: carol.address },
    ]);
    expect(built.included).toEqual([0, 2]);
    await chain.add(built);
  });

  test('EN-31 a nonce that was used is left out alone', async () => {
    const chain = await BuiltChain.open();
    await chain.add(await chain.build([candidate(alice, 0), candidate(alice, 1)]));
    const built = await chain.build([0, 1, 2, 3].map((nonce) => candidate(alice, nonce)));
    expect(built.included).toEqual([2, 3]);
    await chain.add(built);
  });

  test('EN-31 a transaction that does not fit into the gas limit makes room for others', async () => {
    const chain = await BuiltChain.open();
    const limit = Number(chain.head.gasLimit);
    const transactions = [
      candidate(alice, 0, { to: new Uint8Array(), data: failing, gas: limit - 100_000 }),
      candidate(bob, 0, { to: new Uint8Array(), data: failing, gas: 200_000 }),
      candidate(carol, 0),
    ];
    const built = await chain.build(transactions, { gasTarget: limit });
    expect(built.included).toEqual([0, 2]);
    await chain.add(built);
  });

  test('EN-31 the block stays below the limit of its size', async () => {
    const chain = await BuiltChain.open();
    const data = new Uint8Array(1_000_000);
    const withdrawals = RawList.of([]);
    const transactions = accounts.map((account) => candidate(account, 0, { data, gas: 4_100_000 }));
    const built = await chain.build(transactions, { withdrawals });
    expect(built.body.raw.length).toBeLessThan(7_388_608);
    expect(built.included).toEqual([0, 1, 2, 3, 4, 5, 6]);
    await chain.add(built);
  });

  test('EN-30 a building that is to end keeps the transactions that it has', async () => {
    const chain = await BuiltChain.open();
    const transactions = Array.from({ length: 300 }, (_, nonce) => candidate(alice, nonce));
    let turns = 0;
    const built = await chain.build(transactions, {}, async () => ++turns === 2);
    expect(turns).toBe(2);
    expect(built.included.length).toBeGreaterThan(10);
    expect(built.included.length).toBeLessThan(300);
    await chain.add(built);
  });
});

describe('the header', () => {
  test('EN-32 the gas limit moves towards its target by less than 1/1024', () => {
    expect(nextGasLimit(30_000_000, 60_000_000)).toBe(30_000_000 + 29_295);
    expect(nextGasLimit(30_000_000, 10_000_000)).toBe(30_000_000 - 29_295);
    expect(nextGasLimit(30_000_000, 30_010_000)).toBe(30_010_000);
    expect(nextGasLimit(30_000_000, 29_990_000)).toBe(29_990_000);
    expect(nextGasLimit(5_001, 0)).toBe(5_000);
    expect(nextGasLimit(1_000, 60_000_000)).toBe(1_000);
  });

  test('EN-32 its fields are those of the request', async () => {
    const chain = await BuiltChain.open();
    const parent = chain.head;
    const extraData = new Uint8Array(32).fill(7);
    const { header } = await chain.build([], { gasTarget: 1_000_000, extraData, timestamp: 77 });
    expect(header).toMatchObject({
      number: 1,
      timestamp: 77,
      extraData,
      beneficiary: recipient,
      gasLimit: nextGasLimit(Number(parent.gasLimit), 1_000_000),
      difficulty: 0n,
    });
    expect(equalBytes(header.parentHash, parent.hash)).toBe(true);
  });
});
