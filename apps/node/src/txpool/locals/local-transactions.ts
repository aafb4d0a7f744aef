import type { Log } from '../../logging/log.ts';
import type { PoolErrorCode } from '../interfaces.ts';
import { Journal } from './journal.ts';

/** A transaction of a local user. */
export interface LocalTransaction {
  /** Hex of the hash. */
  readonly key: string;
  /** In canonical form, in a buffer of its own. */
  readonly raw: Uint8Array;
  /** Hex of the address. */
  readonly sender: string;
  readonly nonce: bigint;
}

/** Local transactions that are remembered, and their bytes. */
const maxTransactions = 4_096;
const maxBytes = 32 * 1024 * 1024;

/**
 * Refusals after which a local transaction may be added later: those of go-ethereum's `locals.IsTemporaryReject`, and while
 * a node executes stored blocks after its start, when the journal is read.
 */
const temporary: ReadonlySet<PoolErrorCode> = new Set<PoolErrorCode>([
  'underpriced',
  'full',
  'account-limit',
  'delegated',
  'authority',
  'nonce-gap',
  'no-state',
]);

export function isTemporary(code: PoolErrorCode): boolean {
  return temporary.has(code);
}

/**
 * Transactions of local users (TP-30). They have no advantage in the pool, but are put in again when it has lost them,
 * until their nonce has passed. Without blobs they are written to a journal.
 */
export class LocalTransactions {
  readonly #journal: Journal | undefined;
  readonly #tracked = new Map<string, LocalTransaction>();
  #bytes = 0;

  /** @param journal path of the file. @default none */
  constructor(journal: string | undefined, log: Log) {
    this.#journal = journal === undefined ? undefined : new Journal(journal, log);
  }

  get size(): number {
    return this.#tracked.size;
  }

  has(key: string): boolean {
    return this.#tracked.has(key);
  }

  list(): readonly LocalTransaction[] {
    return [...this.#tracked.values()];
  }

  /** Reads the transactions of the last run, in canonical form. */
  async load(): Promise<readonly Uint8Array[]> {
    return (await this.#journal?.load()) ?? [];
  }

  /** Remembers a transaction; when there are too many, it does not. @returns whether it is remembered */
  async track(transaction: LocalTransaction): Promise<boolean> {
    const { key, raw } = transaction;
    if (this.#tracked.has(key)) return true;
    if (this.#tracked.size >= maxTransactions || this.#bytes + raw.length > maxBytes) return false;
    this.#tracked.set(key, transaction);
    this.#bytes += raw.length;
    await this.#journal?.append(raw);
    return true;
  }

  forget(key: string): void {
    const transaction = this.#tracked.get(key);
    if (transaction === undefined) return;
    this.#tracked.delete(key);
    this.#bytes -= transaction.raw.length;
  }

  /** Writes the journal anew, without the transactions that have been forgotten. */
  async rewrite(): Promise<void> {
    await this.#journal?.rewrite(this.list().map(({ raw }) => raw));
  }
}
