import type { Timer } from '@devp2p/clock';
import { methods, positive, type Rules, required } from '@devp2p/options';
import { AddrMan } from '../addrman.ts';
import { check } from '../check-options.ts';
import { publish } from '../diagnostics.ts';
import { AddrManError } from '../error.ts';
import { type AddrManOptions, addrManRules, withDefaults } from '../options.ts';

/** Storage of a snapshot across restarts. */
export interface AddrStore {
  /** Returns the last saved snapshot; `undefined` for an empty store. */
  load(): Promise<Uint8Array | undefined>;
  /** Replaces the snapshot atomically. */
  save(snapshot: Uint8Array): Promise<void>;
  /** Keeps a snapshot returned by `load` where `save` does not overwrite it. */
  setAside(snapshot: Uint8Array): Promise<void>;
}

/** {@link AddrManOptions} with a store. */
export interface OpenAddrManOptions extends Omit<AddrManOptions, 'snapshot'> {
  readonly store: AddrStore;
  /** Time between two snapshots, in ms. @default 900000, as Bitcoin Core (`DUMP_PEERS_INTERVAL`) */
  readonly saveInterval?: number | undefined;
}

const rules: Rules<OpenAddrManOptions> = {
  ...addrManRules,
  store: required(methods('load', 'save', 'setAside')),
  saveInterval: positive,
};

/** An {@link AddrMan} that saves snapshots to a store. */
export class StoredAddrMan extends AddrMan implements AsyncDisposable {
  readonly #options: OpenAddrManOptions;
  readonly #schedule: () => Timer;
  #timer: Timer;
  /** Saves are sequential, since a store may be slower than its caller. */
  #saving: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  /** Called by `openAddrMan`. */
  constructor(options: OpenAddrManOptions, snapshot: Uint8Array | undefined) {
    const { store: _, saveInterval: interval = 15 * 60_000, ...settings } = options;
    super({ ...settings, snapshot });
    this.#options = options;
    const { clock } = withDefaults(settings);
    this.#schedule = () =>
      clock.setTimeout(() => {
        void this.save()
          .catch((error: unknown) => publish({ type: 'save-failed', localId: options.localId, error }))
          .then(() => {
            if (!this.#closed) this.#timer = this.#schedule();
          });
      }, interval);
    this.#timer = this.#schedule();
  }

  /** Saves a snapshot now. Rejects with the error of the store. */
  save(): Promise<void> {
    const saved = this.#saving.then(async () => {
      const snapshot = this.snapshot();
      await this.#options.store.save(snapshot);
      publish({ type: 'saved', localId: this.#options.localId, bytes: snapshot.length });
    });
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  /**
   * Stops the timer and saves a last snapshot. Rejects with the error of the store; the timer is stopped in any case.
   */
  close(): Promise<void> {
    this.#timer.cancel();
    this.#closed ??= this.save();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Opens the address manager of a store, or an empty one. It saves a snapshot every `saveInterval` and in `close`. A
 * snapshot of a later version is set aside. If the snapshot is damaged the call throws and the store is not modified,
 * since only the operator can decide whether to discard it.
 *
 * @throws AddrManError `invalid-option`, `corrupt-snapshot`, and errors of the store
 */
export async function openAddrMan(options: OpenAddrManOptions): Promise<StoredAddrMan> {
  check.options('openAddrMan', options, rules);
  const snapshot = await options.store.load();
  try {
    return new StoredAddrMan(options, snapshot);
  } catch (error) {
    const isNewer = error instanceof AddrManError && error.code === 'newer-snapshot';
    if (!isNewer || snapshot === undefined) throw error;
    await options.store.setAside(snapshot);
    publish({ type: 'set-aside', localId: options.localId, error });
    return new StoredAddrMan(options, undefined);
  }
}
