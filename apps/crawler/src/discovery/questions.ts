import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { type Contact, type Discv4, Discv4Error, type Node } from '@devp2p/discv4';
import type { Enr } from '@devp2p/enr';
import type { Pace } from './pace.ts';
import type { Targets } from './targets.ts';

/** What is asked of discovery: single questions to single nodes. */
type Discovery = Pick<Discv4, 'ping' | 'findNode' | 'requestEnr'>;

/** What the questions are asked with. */
export interface AskOptions {
  readonly discovery: Discovery;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly packets: Pace;
  readonly signal: AbortSignal;
}

/** Times that a question is asked in vain. */
const attempts = 2;

/** Answers without anything new after which a node is not asked any more. */
const enough = 2;

/** A node that answers a ping. */
export interface Bonded {
  /** Sequence number of its record, if it tells. */
  readonly enrSeq: bigint | undefined;
  /** From Ping to Pong. */
  readonly ms: number;
}

/** Whether a node answers a ping. */
export function bond(
  node: Contact,
  { discovery, clock, packets, signal }: AskOptions,
): Promise<Bonded | undefined> {
  return ask(packets, signal, async () => {
    const started = clock.monotonic();
    const { enrSeq } = await discovery.ping(node, { signal });
    return { enrSeq, ms: clock.monotonic() - started };
  });
}

/** A node's own record; `undefined` when it gives none, or not its own. */
export function requestRecord(
  node: Contact,
  { discovery, packets, signal }: AskOptions,
): Promise<Enr | undefined> {
  return ask(packets, signal, () => discovery.requestEnr(node, { signal }));
}

/**
 * Asks a node for its neighbours, for those nearest to itself first, whom few others know, then for those of its buckets
 * from the fullest on, until its answers hold nothing new.
 *
 * @param onAnswer - takes each answer; returns how many of the nodes were new and welcome.
 */
export async function askForNeighbours(
  node: Contact,
  { discovery, crypto, packets, targets, signal }: AskOptions & { readonly targets: Targets },
  onAnswer: (nodes: readonly Node[]) => number,
): Promise<void> {
  const hash = crypto.keccak256(node.id);
  let stale = 0;
  for (let depth = -1; depth < targets.depth && stale < enough; depth++) {
    const target = depth < 0 ? node.id : targets.at(hash, depth);
    const nodes = await ask(packets, signal, () => discovery.findNode(node, target, { signal }));
    if (nodes === undefined) return;
    stale = onAnswer(nodes) > 0 ? 0 : stale + 1;
  }
}

/** Asks once more when there is no answer; `undefined` when there is none then either, or a bad one. */
async function ask<T>(
  packets: Pace,
  signal: AbortSignal,
  question: () => Promise<T>,
): Promise<T | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    await packets.turn(signal);
    try {
      return await question();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Discv4Error)) throw error;
      if (error.code !== 'timeout') return undefined;
    }
  }
  return undefined;
}
