import type { Connection } from '../connection.ts';
import type { Connections } from '../connections.ts';
import { publish } from '../diagnostics.ts';
import type { Config } from '../options.ts';
import type { OutboundRequest } from '../request.ts';

/** Number of anchors, as Bitcoin Core's `MAX_BLOCK_RELAY_ONLY_ANCHORS`. */
const maxAnchors = 2;

/** Stores the anchors for the next start. */
export interface AnchorStore<A> {
  /**
   * Reads and deletes the saved addresses: an anchor that crashes the program is not dialed at the next start again.
   */
  take(): Promise<readonly A[]> | readonly A[];
  save(addresses: readonly A[]): Promise<void> | void;
}

/** Input of {@link chooseAnchors}. */
export interface AnchorCandidate {
  /** Time since it was connected, in ms. */
  readonly age: number;
  /** Whether the connection was marked as useful. */
  readonly isUseful: boolean;
}

/** Chooses the addresses to dial first at the next start: the useful connections with the longest uptime. */
export function chooseAnchors<T extends AnchorCandidate>(candidates: readonly T[]): T[] {
  return candidates
    .filter(({ isUseful }) => isUseful)
    .sort((a, b) => b.age - a.age)
    .slice(0, maxAnchors);
}

/** Restores the anchors at the start, and saves them when they change. */
export class Anchors<A, C extends Connection> {
  readonly #config: Config<A, C>;
  readonly #connections: Connections<A, C>;
  /** Keys of the last saved addresses. */
  #savedKeys: string | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(config: Config<A, C>, connections: Connections<A, C>) {
    this.#config = config;
    this.#connections = connections;
  }

  /** Takes the addresses to dial first. */
  async take(): Promise<A[]> {
    try {
      return [...((await this.#config.anchors?.take()) ?? [])];
    } catch (error) {
      publish(this.#config, () => ({ type: 'anchors-failed', error }));
      return [];
    }
  }

  /**
   * Saves the anchors of the present connections.
   *
   * @param requests established dynamic requests
   */
  save(requests: readonly OutboundRequest<A, C>[]): void {
    const { anchors, clock } = this.#config;
    if (!anchors) return;
    const candidates = requests.flatMap(({ target, isUseful, establishedAt }) =>
      target ? [{ target, isUseful, age: clock.monotonic() - establishedAt }] : [],
    );
    const chosen = chooseAnchors(candidates).map(({ target }) => target);
    const keys = JSON.stringify(chosen.map(({ key }) => key));
    if (keys === this.#savedKeys) return;
    this.#savedKeys = keys;
    const addresses = chosen.map(({ address }) => address);
    this.#connections.guard('anchors-failed', () => {
      // Sequential, so that the last list is stored.
      this.#saving = this.#saving.catch(() => {}).then(() => anchors.save(addresses));
      return this.#saving;
    });
  }
}
