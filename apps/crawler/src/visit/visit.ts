import { toHex } from '@devp2p/bytes';
import type { Contact } from '@devp2p/discv4';
import { type Enr, formatEnr } from '@devp2p/enr';
import { Neighbors } from '../discovery/neighbors.ts';
import { type Bond, bond, requestNeighbors, requestRecord } from '../discovery/requests.ts';
import { enrEndpoint, enrSequence } from '../model/enr.ts';
import type { Endpoint, NodeRecord } from '../model/node-record.ts';
import type { EndpointCandidate, LocatedNode, Source } from '../model/reported-node.ts';
import type { VisitContext } from './context.ts';
import { runSession } from './session.ts';
import { type OnStep, VisitResult } from './visit-result.ts';

export interface VisitOptions {
  readonly signal: AbortSignal;
  /** Endpoints to try if the node does not answer at its own. @default none */
  readonly candidates?: readonly EndpointCandidate[] | undefined;
  /**
   * Called with the neighbors in each response; returns the number of nodes that were new and accepted.
   * @default neighbors are not requested
   */
  readonly onNeighbors?: ((nodes: readonly LocatedNode[], source: Source) => number) | undefined;
  readonly onStep?: OnStep | undefined;
}

/** An endpoint to try, and the evidence for it. */
type Location = Pick<NodeRecord, 'endpoint' | 'trust'>;

/**
 * Visits a node: pings it, requests its record and its neighbors, and dials it. The last two run at the same time.
 * A node whose endpoint is only gossiped is not dialed before it has answered a Ping: otherwise a node that reports
 * false neighbors could make the crawler connect to any address. Rejects only with the signal's reason.
 */
export async function visit(node: NodeRecord, context: VisitContext, options: VisitOptions): Promise<VisitResult> {
  const result = new VisitResult(context.clock, node, options.onStep);
  const locations: readonly Location[] = [
    node,
    ...(options.candidates ?? []).map(({ endpoint, fromUser }): Location => {
      return { endpoint, trust: fromUser ? 'signed' : 'gossiped' };
    }),
  ];

  // Most reported nodes do not answer. They are pinged without a slot, so that they do not delay the others.
  for (const location of locations) {
    if (location.endpoint.udp === 0) continue;
    result.startStep();
    const bonded = await bond(contactAt(node.id, location.endpoint), context, options.signal);
    if (bonded === undefined) continue;
    result.reach('bonded');
    return context.slots.run(async () => {
      await visitBonded(node, location, bonded, result, context, options);
      return result;
    });
  }

  const dialable = locations.filter(({ trust, endpoint }) => trust !== 'gossiped' && endpoint.tcp > 0);
  if (dialable.length === 0) {
    result.error = node.endpoint.udp > 0 ? 'udp/timeout' : 'no-port';
    return result;
  }
  return context.slots.run(() => visitUnbonded(node, dialable, result, context, options.signal));
}

/** Requests the record and the neighbors of a node that answered a Ping, and dials it. */
async function visitBonded(
  node: NodeRecord,
  location: Location,
  { enrSeq, ping }: Bond,
  result: VisitResult,
  context: VisitContext,
  options: VisitOptions,
): Promise<void> {
  const { signal } = options;
  signal.throwIfAborted();
  const contact = contactAt(node.id, location.endpoint);
  const enr = await newerRecord(node, contact, enrSeq, context, signal);
  result.ping = ping;
  result.endpoint = enr ? enrEndpoint(enr, location.endpoint) : location.endpoint;
  result.trust = enr ? 'signed' : location.trust === 'gossiped' ? 'verified' : location.trust;
  result.enr = enr && formatEnr(enr);
  await Promise.all([collectNeighbors(contact, result, context, options), dial(node.id, result, context, signal)]);
}

/** Requests the record of a node if its Pong announced a newer one than the known one. */
async function newerRecord(
  node: NodeRecord,
  contact: Contact,
  announced: bigint | undefined,
  context: VisitContext,
  signal: AbortSignal,
): Promise<Enr | undefined> {
  const known = enrSequence(node.enr) ?? -1n;
  if (announced === undefined || announced <= known) return undefined;
  const enr = await requestRecord(contact, context, signal);
  // A node may announce a new record and send an old one.
  return enr && enr.seq > known ? enr : undefined;
}

/** Dials a node that did not answer a Ping at each location until it proves its key. */
async function visitUnbonded(
  node: NodeRecord,
  locations: readonly Location[],
  result: VisitResult,
  context: VisitContext,
  signal: AbortSignal,
): Promise<VisitResult> {
  let first: VisitResult | undefined;
  for (const location of locations) {
    signal.throwIfAborted();
    const attempt = result.at(location);
    await dial(node.id, attempt, context, signal);
    if (attempt.dialDelay > 0 || attempt.hasReached('authenticated')) return attempt;
    first ??= attempt;
  }
  // The node was found at none of the locations, so its endpoint does not change.
  const failed = first ?? result;
  failed.endpoint = node.endpoint;
  failed.trust = node.trust;
  return failed;
}

async function collectNeighbors(
  contact: Contact,
  result: VisitResult,
  context: VisitContext,
  { signal, onNeighbors }: VisitOptions,
): Promise<void> {
  if (onNeighbors === undefined) return;
  const source = { ip: contact.host, key: toHex(contact.id) };
  const neighbors = new Neighbors(source, context.discovery.id);
  await requestNeighbors(contact, context, signal, (nodes) => onNeighbors(neighbors.add(nodes), source));
  result.neighbors = neighbors.ids;
  result.hasSharedAddress = neighbors.haveSharedAddress;
}

/** Runs a session at the endpoint in `result`, or sets `dialDelay` while the address is cooling down. */
async function dial(id: Uint8Array, result: VisitResult, context: VisitContext, signal: AbortSignal): Promise<void> {
  const { ip, tcp } = result.endpoint;
  if (tcp === 0) return;
  result.dialDelay = context.cooldown.tryDial(ip);
  if (result.dialDelay > 0) return;
  await context.dials.acquire(signal);
  await runSession({ id, host: ip, tcp }, result, context, signal);
}

function contactAt(id: Uint8Array, { ip, udp, tcp }: Endpoint): Contact {
  return { id, host: ip, udp, tcp };
}
