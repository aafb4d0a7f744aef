import type { Clock } from '@devp2p/clock';
import { type Enode, toHex } from '@devp2p/enr';
import type { Log } from '../log.ts';
import type { NodePeer, Peers } from './peers.ts';

/** Attempts that may be under way at once. */
const maxAttempts = 16;

/** A node is not dialled again within this many ms: go-ethereum takes no connection from one address sooner than 30 s. */
const redialDelay = 35_000;

/** One peer in so many is dialled, the others dial us: go-ethereum's `defaultDialRatio`. */
const dialRatio = 3;

/** @see dialCandidates */
export interface DialerOptions<Node extends Enode> {
  /** Nodes that were found; the same one may come again. */
  readonly candidates: AsyncIterable<Node>;
  /** Whether to dial a node, as far as that can be said at once. */
  readonly isWanted: (node: Node) => boolean;
  /** Whether to dial it, as far as that has to be found out. */
  readonly isSuitable: (node: Node) => Promise<boolean>;
  /**
   * Connects with a node. Throws when there was no connection.
   *
   * @param admit asked when the transport is there: whether there is still room
   * @returns the peer that came of it, if one did
   */
  readonly dial: (node: Node, admit: () => boolean) => Promise<NodePeer | undefined>;
  readonly peers: Pick<Peers, 'list' | 'onChange'>;
  /** Most peers at once, static ones not counted. */
  readonly maxPeers: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Dials nodes that were found, until a third of the peers that there may be are dialled ones, and whenever one of those
 * is lost. Takes no more candidates than it has a use for.
 *
 * @returns when the signal has aborted and no attempt is under way.
 */
export async function dialCandidates<Node extends Enode>(
  options: DialerOptions<Node>,
): Promise<void> {
  const { candidates, isWanted, isSuitable, dial, peers, maxPeers, clock, log, signal } = options;
  if (maxPeers === 0) return;
  const maxDialled = Math.max(1, Math.floor(maxPeers / dialRatio));
  const attempts = new Set<Promise<void>>();
  /** When each node was dialled, the longest ago first. */
  const history = new Map<string, number>();
  let dialled = 0;
  let wake = (): void => {};

  const isRecent = (key: string): boolean => {
    const before = clock.monotonic() - redialDelay;
    for (const [old, time] of history) {
      if (time > before) break;
      history.delete(old);
    }
    return history.has(key);
  };
  const hasRoom = (): boolean =>
    // Most that are found are gone or full, so that two are tried for each that is wanted.
    attempts.size < Math.min(maxAttempts, 2 * (maxDialled - dialled)) &&
    peers.list().filter(({ isStatic }) => !isStatic).length < maxPeers;
  const room = async (): Promise<void> => {
    while (!signal.aborted && !hasRoom()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const attempt = async (node: Node): Promise<void> => {
    let counts = false;
    const leave = (): void => {
      if (counts) dialled--;
      wake();
    };
    const admit = (): boolean => {
      counts = dialled < maxDialled;
      if (counts) dialled++;
      return counts;
    };
    try {
      const peer = (await isSuitable(node)) ? await dial(node, admit) : undefined;
      if (peer === undefined) leave();
      else peer.closed.then(leave);
    } catch (error) {
      leave();
      log.debug(
        { id: toHex(node.id.subarray(0, 8)), address: `${node.host}:${node.tcp}`, error },
        'node not reached',
      );
    }
  };

  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  const unsubscribe = peers.onChange(() => wake());
  try {
    await room();
    for await (const node of candidates) {
      if (signal.aborted) break;
      const key = toHex(node.id);
      if (isRecent(key) || !isWanted(node)) continue;
      history.set(key, clock.monotonic());
      const work = attempt(node).finally(() => {
        attempts.delete(work);
        wake();
      });
      attempts.add(work);
      await room();
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    unsubscribe();
    await Promise.all(attempts);
  }
}
