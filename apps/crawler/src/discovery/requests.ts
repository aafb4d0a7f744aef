import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { type Contact, type Discv4, Discv4Error, type Node } from '@devp2p/discv4';
import type { Enr } from '@devp2p/enr';
import type { FindNodeTargets } from './find-node-targets.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** Collaborators of discovery requests. */
export interface DiscoveryContext {
  readonly discovery: Pick<Discv4, 'ping' | 'findNode' | 'requestEnr'>;
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** Limits the requests to all nodes together. */
  readonly packets: RateLimiter;
  readonly targets: FindNodeTargets;
}

/** Attempts for each request, as a datagram may be lost. */
const maxAttempts = 2;

/** Consecutive responses without a new node after which a node is not asked for more neighbors. */
const maxStaleResponses = 2;

/** Answer of a node to a Ping. */
export interface Bond {
  /** Sequence number of its record, if the Pong has it. */
  readonly enrSeq: bigint | undefined;
  /** Milliseconds from Ping to Pong. */
  readonly ping: number;
}

/** Pings a node. Resolves to `undefined` without an answer. */
export function bond(node: Contact, context: DiscoveryContext, signal: AbortSignal): Promise<Bond | undefined> {
  const { discovery, clock } = context;
  return request(context, signal, async () => {
    const start = clock.monotonic();
    const { enrSeq } = await discovery.ping(node, { signal });
    return { enrSeq, ping: clock.monotonic() - start };
  });
}

/** Requests the record of a node. Resolves to `undefined` without a valid answer. */
export function requestRecord(node: Contact, context: DiscoveryContext, signal: AbortSignal): Promise<Enr | undefined> {
  return request(context, signal, () => context.discovery.requestEnr(node, { signal }));
}

/**
 * Requests the neighbors of a node: first those closest to itself, which few other nodes know, then those in each of
 * its buckets from the fullest on, until responses contain no new nodes.
 *
 * @param onResponse called with each response; returns the number of nodes that were new and accepted
 */
export async function requestNeighbors(
  node: Contact,
  context: DiscoveryContext,
  signal: AbortSignal,
  onResponse: (nodes: readonly Node[]) => number,
): Promise<void> {
  const { discovery, crypto, targets } = context;
  const hash = crypto.keccak256(node.id);
  let stale = 0;
  for (let depth = -1; depth < targets.depth && stale < maxStaleResponses; depth++) {
    const target = depth < 0 ? node.id : targets.at(hash, depth);
    const nodes = await request(context, signal, () => discovery.findNode(node, target, { signal }));
    if (nodes === undefined) return;
    stale = onResponse(nodes) > 0 ? 0 : stale + 1;
  }
}

/** Sends a request, and again after a timeout. Resolves to `undefined` without a valid response. */
async function request<T>(
  { packets }: DiscoveryContext,
  signal: AbortSignal,
  send: () => Promise<T>,
): Promise<T | undefined> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    await packets.acquire(signal);
    try {
      return await send();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Discv4Error)) throw error;
      if (error.code !== 'timeout') return undefined;
    }
  }
  return undefined;
}
