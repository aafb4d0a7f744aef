import { setImmediate } from 'node:timers/promises';
import type { BlobSidecar } from '@devp2p/eth';
import { type CheckedTransaction, checkStateless } from './admission.ts';
import { type BlobCandidate, type BlobPart, blobCandidate } from './blob/blob-part.ts';
import type { AddOptions, AddResult } from './interfaces.ts';
import { isTemporary } from './locals/local-transactions.ts';
import type { AccountState } from './plain/plain-account.ts';
import { PlainEntry } from './plain/plain-entry.ts';
import { isExpected, noState, type PoolCore } from './pool-core.ts';
import { recoverSenders, type SentTransaction } from './recover-senders.ts';
import { type Refusal, refusal } from './refusal.ts';

/** Adds transactions to a pool: the checks, cheap ones first, and the change of the pool in its turn (TP-01). */
export class TransactionAdder {
  readonly #core: PoolCore;
  readonly #nextTurn: () => Promise<unknown>;

  constructor(core: PoolCore) {
    this.#core = core;
    this.#nextTurn = core.options.nextTurn ?? (() => setImmediate());
  }

  async add(transactions: readonly Uint8Array[], { local = false }: AddOptions = {}): Promise<readonly AddResult[]> {
    const results: AddResult[] = new Array(transactions.length);
    const positions: number[] = [];
    const passed: CheckedTransaction[] = [];
    for (const [position, admission] of this.#check(transactions, local).entries()) {
      if ('refused' in admission) results[position] = refused(admission.hash, admission.refused);
      else {
        positions.push(position);
        passed.push(admission.checked);
      }
    }
    const sent = await recoverSenders(passed, this.#core.next, this.#core.options.crypto, this.#nextTurn);
    const outcomes = await this.#addSent(sent);
    for (const [i, outcome] of outcomes.entries()) {
      const { hash } = passed[i] as CheckedTransaction;
      const isAdded = typeof outcome === 'boolean';
      let result: AddResult = isAdded ? { status: 'added', hash, isPending: outcome } : refused(hash, outcome);
      if (local && (await this.#track(sent[i] as SentTransaction | Refusal, result)) && !isAdded) {
        result = { ...result, isKept: true } as AddResult;
      }
      results[positions[i] as number] = result;
    }
    for (const result of results) {
      if (result.status === 'added') this.#core.counters.added++;
      else this.#core.counters.refuse(result.code);
    }
    return results;
  }

  /** Checks transactions by the rules that need neither state nor sender. */
  #check(transactions: readonly Uint8Array[], isLocal: boolean): ReturnType<typeof checkStateless>[] {
    this.#core.judge();
    const context = {
      next: this.#core.next,
      minTip: this.#core.plain.minTip,
      crypto: this.#core.options.crypto,
      isKnown: (key: string) => this.#core.isKnown(key),
      takes: (type: number) => this.#core.takes(type),
      isLocal,
    };
    return transactions.map((transaction) => checkStateless(transaction, context));
  }

  /** @returns whether each one is executable, or why it was refused */
  async #addSent(sent: readonly (SentTransaction | Refusal)[]): Promise<(boolean | Refusal)[]> {
    const outcomes: (boolean | Refusal)[] = sent.map((one) => ('code' in one ? one : noState));
    const plain = sent.flatMap((one, i) => ('code' in one || one.checked.sidecar !== undefined ? [] : [{ i, one }]));
    if (plain.length > 0) {
      const results = await this.#core.inTurn(() => this.#insertPlain(plain.map(({ one }) => one)));
      for (const [k, { i }] of plain.entries()) outcomes[i] = results[k] as boolean | Refusal;
    }
    for (const [i, one] of sent.entries()) {
      if (!('code' in one) && one.checked.sidecar !== undefined) outcomes[i] = await this.#addBlob(one);
    }
    return outcomes;
  }

  async #insertPlain(sent: readonly SentTransaction[]): Promise<(boolean | Refusal)[]> {
    const states = await this.#core.readStates(new Set(sent.map(({ sender }) => sender)));
    if ('code' in states) return sent.map(() => states);
    const now = this.#core.options.clock.monotonic();
    const entries = sent.map(plainEntry);
    const refusals = entries.map((entry, i) => {
      const { sender } = sent[i] as SentTransaction;
      return this.#core.plain.add(entry, sender, states.get(sender) as AccountState, now);
    });
    this.#core.settlePlain();
    return entries.map((entry, i) => refusals[i] ?? (entry.account === undefined ? poolFull : entry.isPending));
  }

  /** Adds a blob transaction: its proofs are verified after all other checks, while others are added. */
  async #addBlob({ checked, sender }: SentTransaction): Promise<boolean | Refusal> {
    const blobs = this.#core.blobs as BlobPart;
    const candidate = blobCandidate(checked, checked.sidecar as BlobSidecar, sender);
    const withState = <T>(action: (state: AccountState) => T | Promise<T>): Promise<T | Refusal> =>
      this.#core.inTurn(async () => {
        const states = await this.#core.readStates([sender]);
        return 'code' in states ? states : action(states.get(sender) as AccountState);
      });
    const early = await withState((state) => blobs.check(candidate.entry, state));
    if (early !== undefined) return early;
    const verified = await this.#verify(checked, candidate, sender);
    if ('code' in verified) return verified;
    return withState(async (state) => {
      const outcome = await blobs.add(verified, state);
      await this.#core.settleBlobs();
      return outcome === true && !blobs.pool.has(verified.entry.key) ? poolFull : outcome;
    });
  }

  /** Verifies the proofs of a blob transaction. A sidecar of version 0 gets cell proofs when the next block needs them. */
  async #verify(
    checked: CheckedTransaction,
    candidate: BlobCandidate,
    sender: string,
  ): Promise<BlobCandidate | Refusal> {
    const sidecar = checked.sidecar as BlobSidecar;
    try {
      if (!(await this.#core.chain.verifySidecar(sidecar))) return refusal('proof', 'invalid KZG proof of a blob');
      if (sidecar.version === this.#core.next.sidecarVersion) return candidate;
      const proofs = await this.#core.chain.cellProofs(sidecar.blobs);
      if (proofs === undefined) return refusal('proof', 'a field element of a blob is not canonical');
      return blobCandidate(checked, { ...sidecar, version: 1, proofs }, sender);
    } catch (error) {
      if (!isExpected(error)) throw error;
      return noState;
    }
  }

  /** Remembers a local transaction. @returns whether it is remembered */
  async #track(sent: SentTransaction | Refusal, result: AddResult): Promise<boolean> {
    if ('code' in sent || sent.checked.sidecar !== undefined) return false;
    if (result.status === 'refused' && !isTemporary(result.code)) return false;
    const { key, transaction } = sent.checked;
    const raw = this.#core.plain.get(key)?.raw ?? transaction.raw.slice();
    return this.#core.locals.track({ key, raw, sender: sent.sender, nonce: transaction.nonce });
  }
}

const poolFull: Refusal = refusal('full', 'txpool is full');

function plainEntry({ checked, authorities }: SentTransaction): PlainEntry {
  const { key, transaction, feeCap, tipCap, cost } = checked;
  return new PlainEntry({
    key,
    raw: transaction.raw.slice(),
    type: transaction.type,
    nonce: transaction.nonce,
    gas: Number(transaction.gas),
    feeCap,
    tipCap,
    cost,
    authorities: authorities.length === 0 ? undefined : authorities,
  });
}

function refused(hash: Uint8Array | undefined, { code, reason }: Refusal): AddResult {
  return { status: 'refused', hash, code, reason };
}
