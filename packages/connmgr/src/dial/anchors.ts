/** Number of anchors, as Bitcoin Core's `MAX_BLOCK_RELAY_ONLY_ANCHORS`. */
const maxAnchors = 2;

/** Stores the anchors for the next start. */
export interface AnchorStore<A> {
  /**
   * Reads and deletes the saved addresses: an anchor that crashes the program is not dialled at the next start again.
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
