import { equalBytes } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { decodeEnr, type Enr, type EnrContent, EnrError, type NodeId, signEnr, updateEnr } from '@devp2p/enr';
import type { NodeStore } from '../store/node-store.ts';

/** Options of {@link LocalRecord}. */
export interface LocalRecordOptions {
  readonly privateKey: Uint8Array;
  /** Public key of the local node, 64 bytes. */
  readonly id: NodeId;
  /** `id` in hex. */
  readonly key: string;
  readonly store: NodeStore;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly onChange: (enr: Enr) => void;
  /** Called if the stored record is damaged; a new record replaces it. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Signs and stores the local record. A new record is stored before it is visible, so that the sequence number does not
 * fall after a restart.
 */
export class LocalRecord {
  readonly #options: LocalRecordOptions;
  #enr: Enr;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(options: LocalRecordOptions, enr: Enr) {
    this.#options = options;
    this.#enr = enr;
  }

  /**
   * Opens the stored record. If its content differs from `content`, signs and stores the next one.
   *
   * @throws EnrError for content that does not fit a record; CryptoError for an invalid private key; errors of the store
   */
  static async open(options: LocalRecordOptions, content: EnrContent): Promise<LocalRecord> {
    const { privateKey, store, crypto, clock, id, key } = options;
    const stored = await readStored(options);
    // Without a stored record, the sequence number starts at the time in milliseconds, which is greater than any that
    // was counted up from an earlier time.
    const sign = (seq: bigint) => signEnr(content, privateKey, { crypto, seq, publicKey: id });
    const enr = sign(stored?.seq ?? BigInt(clock.now()));
    if (stored && hasSamePairs(stored, enr)) return new LocalRecord(options, stored);
    const next = stored ? sign(stored.seq + 1n) : enr;
    await store.put(storeKey(key), next.bytes);
    return new LocalRecord(options, next);
  }

  get enr(): Enr {
    return this.#enr;
  }

  /**
   * Changes entries. The value `undefined` removes an entry.
   *
   * @returns the current record, which is the same object if no entry has changed
   * @throws EnrError; errors of the store. The record is unchanged then.
   */
  update(changes: EnrContent): Promise<Enr> {
    const change = async (): Promise<Enr> => {
      const { privateKey, store, crypto, key, onChange } = this.#options;
      const next = updateEnr(this.#enr, changes, privateKey, { crypto });
      if (next === this.#enr) return next;
      await store.put(storeKey(key), next.bytes);
      this.#enr = next;
      onChange(next);
      return next;
    };
    const done = this.#queue.then(change);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** Resolves when all updates so far are stored or rejected. */
  async flush(): Promise<void> {
    await this.#queue;
  }
}

async function readStored({ store, crypto, key, onFailure }: LocalRecordOptions): Promise<Enr | undefined> {
  const bytes = await store.get(storeKey(key));
  if (!bytes) return undefined;
  try {
    return decodeEnr(bytes, { crypto });
  } catch (error) {
    if (!(error instanceof EnrError)) throw error;
    onFailure(error);
    return undefined;
  }
}

function hasSamePairs(a: Enr, b: Enr): boolean {
  return (
    a.pairs.size === b.pairs.size &&
    [...a.pairs].every(([name, value]) => {
      const other = b.pairs.get(name);
      return other !== undefined && equalBytes(value, other);
    })
  );
}

function storeKey(key: string): string {
  return `local/${key}`;
}
