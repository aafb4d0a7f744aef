import { toHex } from '@devp2p/bytes';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { type BlobSidecar, type Header, type SealedHeader, sealHeader } from '@devp2p/eth';
import type { AccountSummary } from '../../src/chain/interfaces.ts';
import { ExecutionError } from '../../src/errors/execution-error.ts';
import { silentLogs } from '../../src/logging/log.ts';
import type { StoredBlock } from '../../src/storage/block-records.ts';
import type { BlockRef } from '../../src/storage/schema.ts';
import type { AddResult, DroppedTransaction } from '../../src/txpool/interfaces.ts';
import {
  openTransactionPool,
  type PoolChain,
  type TransactionPool,
  type TransactionPoolOptions,
} from '../../src/txpool/transaction-pool.ts';
import { makeBody, makeGenesis } from '../chain/make-blocks.ts';
import {
  signTransaction,
  type TestAccount,
  type TransactionFields,
  testAccount,
} from '../execution/sign-transaction.ts';

export const gwei = 1_000_000_000n;
export const ether = 10n ** 18n;

const rich: AccountSummary = { nonce: 0n, balance: 10n * ether, hasCode: false };

type Genesis = ReturnType<typeof makeGenesis>;

interface Block {
  readonly header: SealedHeader;
  readonly body: Uint8Array;
  readonly states: ReadonlyMap<string, AccountSummary>;
}

/** A chain whose blocks have the transactions and the account states that a test names. */
export class FakeChain implements PoolChain {
  readonly genesis: Genesis;
  readonly blocks = new Map<string, Block>();
  /** Requests for accounts. */
  readonly reads: { readonly block: string; readonly count: number }[] = [];
  hasState = true;
  /** Results of the verification of proofs; the sidecars that were verified. */
  hasValidProofs = true;
  readonly verified: BlobSidecar[] = [];
  finalized: BlockRef | undefined;
  readonly finalizedBlock = { read: async () => this.finalized, write: async () => {} };
  /** Called before accounts are returned. */
  onRead: () => Promise<void> = async () => {};
  readonly #listeners = new Set<() => void>();
  #head: Block;
  #salt = 0;

  constructor(genesis: Genesis, states: ReadonlyMap<string, AccountSummary>) {
    this.genesis = genesis;
    this.#head = { header: genesis.header, body: makeBody({}, true).raw, states: new Map(states) };
    this.blocks.set(toHex(genesis.header.hash), this.#head);
  }

  get head(): SealedHeader {
    return this.#head.header;
  }

  onHead(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async verifySidecar(sidecar: BlobSidecar): Promise<boolean> {
    this.verified.push(sidecar);
    return this.hasValidProofs;
  }

  async cellProofs(blobs: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    return blobs.flatMap((_, i) => Array.from({ length: 128 }, () => new Uint8Array(48).fill(i + 1)));
  }

  async blockByHash(hash: Uint8Array): Promise<StoredBlock | undefined> {
    return this.blocks.get(toHex(hash));
  }

  async accounts(
    block: Uint8Array,
    addresses: readonly Uint8Array[],
  ): Promise<readonly (AccountSummary | undefined)[]> {
    this.reads.push({ block: toHex(block), count: addresses.length });
    await this.onRead();
    const found = this.blocks.get(toHex(block));
    if (!this.hasState || found === undefined) throw new ExecutionError('no-state', 'no state');
    return addresses.map((address) => found.states.get(toHex(address)));
  }

  /** Makes a block on a parent, without making it the head. */
  make(
    transactions: readonly Uint8Array[],
    states: ReadonlyMap<string, AccountSummary>,
    changes: Partial<Header> = {},
    parent: SealedHeader = this.head,
  ): SealedHeader {
    const extraData = new Uint8Array(4);
    new DataView(extraData.buffer).setUint32(0, ++this.#salt);
    const header = sealHeader(
      {
        ...parent,
        number: parent.number + 1,
        parentHash: parent.hash,
        timestamp: parent.timestamp + 12,
        extraData,
        ...changes,
      },
      crypto,
    );
    this.blocks.set(toHex(header.hash), {
      header,
      body: makeBody({ transactions }, true).raw,
      states: new Map(states),
    });
    return header;
  }

  setHead(header: SealedHeader): void {
    this.#head = this.blocks.get(toHex(header.hash)) as Block;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** A pool over a {@link FakeChain} on a virtual clock. */
export class PoolScene {
  readonly clock = createVirtualClock();
  readonly chain: FakeChain;
  readonly pool: TransactionPool;
  readonly announced: string[] = [];
  readonly dropped: DroppedTransaction[] = [];
  /** Accounts of the next block, by hex of the address. */
  readonly states: Map<string, AccountSummary>;

  private constructor(
    chain: FakeChain,
    pool: TransactionPool,
    clock: PoolScene['clock'],
    states: Map<string, AccountSummary>,
  ) {
    this.states = states;
    this.chain = chain;
    this.pool = pool;
    this.clock = clock;
    pool.onPending((transactions) => {
      for (const { hash } of transactions) this.announced.push(toHex(hash));
    });
    pool.onDropped((transactions) => void this.dropped.push(...transactions));
  }

  static async open(
    options: Partial<TransactionPoolOptions> & {
      readonly genesis?: Genesis;
      readonly funded?: number;
      readonly isCatchingUp?: boolean;
    } = {},
  ): Promise<PoolScene> {
    const { genesis = makeGenesis('osaka'), funded = 8, isCatchingUp = false, ...rest } = options;
    const clock = createVirtualClock({ now: genesis.header.timestamp * 1000 });
    const states = new Map(Array.from({ length: funded }, (_, i) => [toHex(testAccount(i + 1).address), rich]));
    const chain = new FakeChain(genesis, states);
    chain.hasState = !isCatchingUp;
    const pool = await openTransactionPool({
      chain,
      crypto,
      clock,
      log: silentLogs('txpool'),
      nextTurn: async () => {},
      ...rest,
    });
    const scene = new PoolScene(chain, pool, clock, states);
    await scene.block();
    return scene;
  }

  fund({ address }: TestAccount, changes: Partial<AccountSummary> = {}): void {
    const before = this.states.get(toHex(address)) ?? rich;
    this.states.set(toHex(address), { ...before, ...changes });
  }

  /** Makes the next block with the states as they are. Nonces of the senders are those after its transactions. */
  async block(transactions: readonly Uint8Array[] = [], changes: Partial<Header> = {}): Promise<SealedHeader> {
    const header = this.chain.make(transactions, this.states, changes);
    await this.setHead(header);
    return header;
  }

  async setHead(header: SealedHeader): Promise<void> {
    this.chain.setHead(header);
    await this.pool.settled();
  }

  sign(account: TestAccount, nonce: number, fields: Partial<TransactionFields> = {}): Uint8Array {
    const { chainId } = this.chain.genesis.config;
    return signTransaction(account, { chainId, nonce, to: new Uint8Array(20).fill(0x77), ...fields });
  }

  /** Adds one transaction. @returns 'pending', 'queued', or the code of the refusal */
  async add(raw: Uint8Array, local = false): Promise<string> {
    const [result] = await this.pool.add([raw], { local });
    return outcome(result as AddResult);
  }
}

function outcome(result: AddResult): string {
  if (result.status === 'refused') return result.code;
  return result.isPending ? 'pending' : 'queued';
}
