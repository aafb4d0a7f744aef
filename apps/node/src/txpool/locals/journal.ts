import { appendFile, open, readFile, rename } from 'node:fs/promises';
import { errorText } from '@devp2p/appkit';
import { wrapTransaction } from '@devp2p/eth';
import { Reader, RlpError } from '@devp2p/rlp';
import { createQueue } from '../../chain/queue.ts';
import type { Log } from '../../logging/log.ts';

/** Longest journal that is read: it is written by this program, from limited transactions. */
const maxBytes = 256 * 1024 * 1024;

/**
 * A file with the transactions of local users, so that they survive a restart: RLP items one after the other, as in
 * go-ethereum's `transactions.rlp`. An incomplete item at the end is ignored, as after a crash.
 */
export class Journal {
  readonly #path: string;
  readonly #log: Log;
  readonly #inTurn = createQueue();
  #hasFailed = false;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** Reads the transactions, in canonical form. */
  async load(): Promise<readonly Uint8Array[]> {
    let bytes: Uint8Array;
    try {
      bytes = await readFile(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    return readItems(bytes.subarray(0, maxBytes));
  }

  /** Appends a transaction at once. A journal that cannot be written is reported, and does not stop the pool. */
  append(transaction: Uint8Array): Promise<void> {
    return this.#write(() => appendFile(this.#path, wrapTransaction(transaction), { mode: 0o600 }));
  }

  /** Replaces the file as a whole. */
  rewrite(transactions: readonly Uint8Array[]): Promise<void> {
    return this.#write(async () => {
      const temporary = `${this.#path}.new`;
      const file = await open(temporary, 'w', 0o600);
      try {
        for (const transaction of transactions) await file.write(wrapTransaction(transaction));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path);
    });
  }

  async #write(action: () => Promise<void>): Promise<void> {
    await this.#inTurn(async () => {
      try {
        await action();
        this.#hasFailed = false;
      } catch (error) {
        if (!this.#hasFailed) {
          this.#log.error(
            { file: this.#path, reason: errorText(error) },
            'the journal of local transactions cannot be written',
          );
        }
        this.#hasFailed = true;
      }
    });
  }
}

function readItems(bytes: Uint8Array): Uint8Array[] {
  const reader = new Reader(bytes);
  const items: Uint8Array[] = [];
  try {
    while (!reader.done) {
      if (reader.isList()) items.push(reader.item());
      else items.push(reader.string());
    }
  } catch (error) {
    if (!(error instanceof RlpError)) throw error;
  }
  return items;
}
