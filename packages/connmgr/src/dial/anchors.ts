/** How many are remembered: Bitcoin Core's `MAX_BLOCK_RELAY_ONLY_ANCHORS`. */
const COUNT = 2;

/** Where addresses wait for the next start. */
export interface AnchorStore<A> {
  /** Reads what was saved and deletes it: an anchor that makes the program fail must not do so twice. */
  take(): Promise<readonly A[]> | readonly A[];
  save(addresses: readonly A[]): Promise<void> | void;
}

/** What the choice of anchors looks at. */
export interface AnchorCandidate {
  /** How long it has been connected, in ms. */
  readonly age: number;
  /** Whether it has proved useful. */
  readonly isUseful: boolean;
}

/** The two to be dialled first at the next start: of those that proved useful the longest connected. */
export function chooseAnchors<T extends AnchorCandidate>(candidates: readonly T[]): T[] {
  return candidates
    .filter(({ isUseful }) => isUseful)
    .sort((a, b) => b.age - a.age)
    .slice(0, COUNT);
}
