import type { Contact, Node } from '@devp2p/discv4';
import { formatEnr } from '@devp2p/enr';
import type { AddressGate, Pace, Places } from '../discovery/pace.ts';
import {
  type AskOptions,
  askForNeighbours,
  type Bonded,
  bond,
  requestRecord,
} from '../discovery/questions.ts';
import type { Targets } from '../discovery/targets.ts';
import type { Hint } from '../model/named-node.ts';
import type { Endpoint, NodeRecord, NodeStatus, Trust } from '../model/node-record.ts';
import { endpointOf, sequenceOf } from '../model/own-record.ts';
import { Findings } from './findings.ts';
import { type TalkOptions, talk } from './talk.ts';

/** What visits are made with; the same for all. */
export interface Visiting extends Omit<TalkOptions, 'signal'>, Omit<AskOptions, 'signal'> {
  readonly targets: Targets;
  readonly dials: Pace;
  /** For those who have answered. */
  readonly places: Places;
  readonly gate: AddressGate;
}

/** What differs from visit to visit. */
export interface VisitOptions {
  readonly signal: AbortSignal;
  /** Where else to look if the node is not at its place. @default nowhere */
  readonly hints?: readonly Hint[] | undefined;
  /**
   * Takes the neighbours of each answer, and the IP address that it came from; returns how many were of use.
   * @default they are not asked for
   */
  readonly onNeighbours?: ((nodes: readonly Node[], ip: string) => number) | undefined;
  readonly onStep?: ((step: NodeStatus, ms: number) => void) | undefined;
}

/** Who is visited. */
export type Visitable = Pick<NodeRecord, 'id' | 'endpoint' | 'trust' | 'enr'>;

/** What a visit came to. */
export interface Visited {
  readonly findings: Findings;
  /** Where the node is, as far as is known now, and how far that is to be believed. */
  readonly endpoint: Endpoint;
  readonly trust: Trust;
  /** Text of its own record, if a newer one than before was given. */
  readonly enr?: string | undefined;
  /** ms from Ping to Pong. */
  readonly ping?: number | undefined;
  /** ms until its address may be dialled, when that was left for then. */
  readonly wait: number;
}

/**
 * Visits a node: is it there, what does it say of itself, whom does it know, and what does it run. The last two go on at
 * the same time. It is not dialled on others' word alone, or anybody could be had dialled. Rejects only with the reason
 * of the signal.
 */
export async function visit(
  node: Visitable,
  visiting: Visiting,
  options: VisitOptions,
): Promise<Visited> {
  const { clock } = visiting;
  const { hints = [], onStep } = options;
  const places: readonly Visitable[] = [
    node,
    ...hints.map(({ endpoint, stated }): Visitable => {
      return { ...node, endpoint, trust: stated ? 'signed' : 'gossiped' };
    }),
  ];
  const findings = new Findings(clock, onStep);

  // Most who are named and not there are found out here; they must not take the places of others.
  for (const place of places) {
    if (place.endpoint.udp === 0) continue;
    findings.begin();
    const bonded = await bond(contactOf(place), { ...visiting, signal: options.signal });
    if (bonded === undefined) continue;
    findings.reach('bonded');
    return visiting.places.hold(() => goOn(place, bonded, findings, visiting, options));
  }
  const dialable = places.filter(({ trust, endpoint }) => trust !== 'gossiped' && endpoint.tcp > 0);
  if (dialable.length === 0) {
    findings.error = node.endpoint.udp > 0 ? 'udp/timeout' : 'no-port';
    return { findings, endpoint: node.endpoint, trust: node.trust, wait: 0 };
  }
  return visiting.places.hold(async () => {
    const inVain: Visited[] = [];
    for (const place of dialable) {
      const found = new Findings(clock, onStep);
      const visited = await goOn(place, undefined, found, visiting, options);
      if (visited.wait > 0 || found.hasReached('authenticated')) return visited;
      inVain.push(visited);
    }
    // Where it was looked for in vain besides does not become its place.
    const [{ findings: found, wait } = { findings, wait: 0 }] = inVain;
    return { findings: found, endpoint: node.endpoint, trust: node.trust, wait };
  });
}

/** The rest of a visit of a node that is there, as far as one can tell. */
async function goOn(
  node: Visitable,
  bonded: Bonded | undefined,
  findings: Findings,
  visiting: Visiting,
  { signal, onNeighbours }: VisitOptions,
): Promise<Visited> {
  const asking = { ...visiting, signal };
  const contact = contactOf(node);
  signal.throwIfAborted();
  const known = sequenceOf(node.enr) ?? -1n;
  const isNews = bonded?.enrSeq !== undefined && bonded.enrSeq > known;
  const answer = isNews ? await requestRecord(contact, asking) : undefined;
  // It may announce a new record and give an old one.
  const enr = answer && answer.seq > known ? answer : undefined;
  const endpoint = enr ? endpointOf(enr, node.endpoint) : node.endpoint;

  const { ip } = node.endpoint;
  const exploring =
    bonded && onNeighbours
      ? askForNeighbours(contact, asking, (nodes) => onNeighbours(nodes, ip))
      : undefined;
  const dialling = endpoint.tcp > 0 ? dial(node.id, endpoint, findings, visiting, signal) : 0;
  const [wait] = await Promise.all([dialling, exploring]);
  const trust = enr ? 'signed' : node.trust === 'gossiped' ? 'verified' : node.trust;
  return { findings, endpoint, trust, enr: enr && formatEnr(enr), ping: bonded?.ms, wait };
}

/** Returns the ms to wait when the address was dialled a short while ago. */
async function dial(
  id: Uint8Array,
  { ip, tcp }: Endpoint,
  findings: Findings,
  visiting: Visiting,
  signal: AbortSignal,
): Promise<number> {
  const wait = visiting.gate.enter(ip);
  if (wait > 0) return wait;
  await visiting.dials.turn(signal);
  await talk({ id, host: ip, tcp }, findings, { ...visiting, signal });
  return 0;
}

function contactOf({ id, endpoint: { ip, udp, tcp } }: Visitable): Contact {
  return { id, host: ip, udp, tcp };
}
