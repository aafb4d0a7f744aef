import { equalBytes, toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import { blobParameters } from '../validation/chain-config.ts';
import { blobBaseFee, nextBaseFee, nextExcessBlobGas } from '../validation/fees.ts';
import { type HeadMovement, readMovement } from './head-movement.ts';
import type { AccountState } from './plain/plain-account.ts';
import { blobType, emptyAccount, isExpected, type PoolCore, reinjectedPerTurn } from './pool-core.ts';
import { isOtherFork } from './rules.ts';
import type { TransactionAdder } from './transaction-adder.ts';

/** Moves a pool to the head of its chain, and puts transactions of left blocks in again (TP-14, TP-15). */
export class HeadFollower {
  readonly #core: PoolCore;
  readonly #adder: TransactionAdder;
  readonly #unsubscribe: () => void;
  #isUpdating = false;

  constructor(core: PoolCore, adder: TransactionAdder) {
    this.#core = core;
    this.#adder = adder;
    this.#unsubscribe = core.chain.onHead(() => this.onHead());
  }

  stop(): void {
    this.#unsubscribe();
  }

  /** Follows the head. Heads that come during an update are one. */
  onHead(): void {
    if (this.#isUpdating || this.#core.isClosed) return;
    this.#isUpdating = true;
    this.#core
      .inTurn(() => {
        this.#isUpdating = false;
        return this.#update();
      })
      .catch((error: unknown) =>
        this.#core.options.log.error({ error }, 'the transaction pool cannot follow the head'),
      );
  }

  async #update(): Promise<void> {
    const core = this.#core;
    const { head, genesis } = core.chain;
    const old = core.head;
    if (core.isClosed || (old !== undefined && equalBytes(old.hash, head.hash))) return;
    const movement = await this.#movement(old ?? head, head);
    const left = movement.left.flatMap(({ transactions }) => transactions);
    await core.blobs?.bringBack(core.keysOf(left), this.#joinedBlobs(movement), core.reservations);
    const senders = new Set([...core.plain.accounts.keys(), ...(core.blobs?.pool.accounts.keys() ?? [])]);
    const states = await core.readStates(senders, head, true);
    if ('code' in states) return;
    const stateOf = (sender: string): AccountState => states.get(sender) ?? emptyAccount;
    const next = core.rulesAfter(head);
    const isOther = isOtherFork(next, core.next);
    core.head = head;
    core.next = next;
    const baseFee = nextBaseFee(genesis.config, head);
    const gasLimit = Number(head.gasLimit);
    const judge = isOther ? core.judgeBy(next) : undefined;
    core.plain.setHead({ baseFee, gasLimit }, stateOf, core.options.clock.monotonic(), judge);
    core.blobs?.setHead({ baseFee, blobFee: this.#blobFee(head), gasLimit, version: next.sidecarVersion }, stateOf);
    for (const { transactions } of movement.joined) for (const key of core.keysOf(transactions)) core.included.add(key);
    core.settlePlain();
    await core.settleBlobs();
    await this.#finalize(head);
    if (left.length > 0) void this.#reinject(left);
  }

  async #movement(from: SealedHeader, to: SealedHeader): Promise<HeadMovement> {
    try {
      return await readMovement(this.#core.chain, from, to);
    } catch (error) {
      if (!isExpected(error)) throw error;
      this.#core.options.log.warn({ error }, 'the transaction pool cannot read blocks');
      return { left: [], joined: [] };
    }
  }

  /** Numbers of the new blocks by the keys of their blob transactions. */
  #joinedBlobs({ joined }: HeadMovement): ReadonlyMap<string, number> {
    const numbers = new Map<string, number>();
    for (const { number, transactions } of joined) {
      const withBlobs = transactions.filter(([type]) => type === blobType);
      for (const key of this.#core.keysOf(withBlobs)) numbers.set(key, number);
    }
    return numbers;
  }

  #blobFee(head: SealedHeader): bigint {
    const { config } = this.#core.chain.genesis;
    const timestamp = head.timestamp + 1;
    const blobs = blobParameters(config, timestamp);
    return blobs === undefined ? 0n : blobBaseFee(nextExcessBlobGas(config, blobs, head, timestamp), blobs);
  }

  async #finalize(head: SealedHeader): Promise<void> {
    if (this.#core.blobs === undefined || this.#core.blobs.limbo.size === 0) return;
    const finalized = await this.#core.chain.finalizedBlock.read();
    await this.#core.blobs.limbo.finalize(finalized?.number ?? 0, head.number);
  }

  /** Puts transactions of left blocks in again, those that are not on the new branch. */
  async #reinject(left: readonly Uint8Array[]): Promise<void> {
    const plain = left.filter(([type]) => type !== blobType);
    try {
      for (let start = 0; start < plain.length && !this.#core.isClosed; start += reinjectedPerTurn) {
        const part = plain.slice(start, start + reinjectedPerTurn);
        const results = await this.#adder.add(part);
        for (const [i, { status, hash }] of results.entries()) {
          if (status !== 'added') continue;
          this.#core.counters.reinjected++;
          this.#core.included.delete(toHex(hash ?? (part[i] as Uint8Array)));
        }
      }
    } catch (error) {
      this.#core.options.log.error({ error }, 'transactions of left blocks cannot be added');
    }
  }
}
