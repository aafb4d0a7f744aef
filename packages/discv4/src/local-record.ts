import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import {
  decodeEnr,
  type Enr,
  type EnrContent,
  EnrError,
  type NodeId,
  signEnr,
  toHex,
  updateEnr,
} from '@devp2p/enr';
import { bytes, func, methods, object, type Rules, required, secret } from '@devp2p/options';
import { check } from './check-options.ts';
import type { NodeStore } from './node-store.ts';

/** What {@link LocalRecord} is made with. */
export interface LocalRecordOptions {
  readonly privateKey: Uint8Array;
  /** Our public key, 64 bytes. */
  readonly id: NodeId;
  /** The same as hex. */
  readonly key: string;
  readonly store: NodeStore;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly onChange: (enr: Enr) => void;
  /** Called with what the store did wrong. */
  readonly onFailure: (error: unknown) => void;
}

/** Settings of {@link openLocalRecord}. */
export interface StoredRecordOptions {
  readonly privateKey: Uint8Array;
  /** What the record says from now on. */
  readonly content: EnrContent;
  /** Where it is kept: the store of a {@link createDiscv4} with the same key has the same record. */
  readonly store: NodeStore;
  /** @default `nobleCrypto` */
  readonly crypto?: Crypto | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
  /** Called when the stored record is damaged, and a new one takes its place. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

const rules: Rules<StoredRecordOptions> = {
  privateKey: required(secret(bytes(32))),
  content: required(object),
  store: required(methods('get', 'put', 'delete', 'entries')),
  crypto: methods('keccak256'),
  clock: methods('now', 'monotonic', 'setTimeout'),
  onFailure: func,
};

/**
 * Opens the record of a node that runs without discovery, in the store that discovery would use: the sequence number
 * grows with every change, whether discovery runs or not.
 *
 * @throws Discv4Error `invalid-option`; EnrError for content that does not fit a record; CryptoError for what is no private key; what the store throws
 */
export async function openLocalRecord(options: StoredRecordOptions): Promise<LocalRecord> {
  check.options('openLocalRecord', options, rules);
  const { privateKey, content, store, crypto = nobleCrypto, clock = systemClock } = options;
  const id = crypto.secp256k1.publicKey(privateKey);
  const onFailure = options.onFailure ?? (() => {});
  const parts = { privateKey, id, key: toHex(id), store, crypto, clock };
  return LocalRecord.open({ ...parts, onFailure, onChange: () => {} }, content);
}

/** Our own record. A new one is in the store before anybody sees it, so that no restart can go back behind it. */
export class LocalRecord {
  readonly #options: LocalRecordOptions;
  #enr: Enr;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(options: LocalRecordOptions, enr: Enr) {
    this.#options = options;
    this.#enr = enr;
  }

  /**
   * The stored record if it says the same as `content`, else the one after it.
   *
   * @internal
   */
  static async open(options: LocalRecordOptions, content: EnrContent): Promise<LocalRecord> {
    const { privateKey, store, crypto, clock, id, key } = options;
    const stored = await readStored(options);
    // A store that was lost begins again at the time, which is ahead of all that was counted up from an earlier time.
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
   * Changes some entries; one that is `undefined` is taken out.
   *
   * @returns the record that holds then, the same one if nothing has changed.
   * @throws EnrError; what the store throws, and then nothing has changed.
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
}

async function readStored({
  store,
  crypto,
  key,
  onFailure,
}: LocalRecordOptions): Promise<Enr | undefined> {
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
      return other?.length === value.length && value.every((byte, i) => byte === other[i]);
    })
  );
}

function storeKey(key: string): string {
  return `local/${key}`;
}
