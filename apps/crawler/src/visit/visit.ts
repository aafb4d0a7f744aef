import type { Contact, Node } from '@devp2p/discv4';
import { type Enr, enodeFromEnr, formatEnr, parseEnr, parseIp } from '@devp2p/enr';
import {
  type AskOptions,
  askForNeighbours,
  type Bonded,
  bond,
  requestRecord,
} from '../discovery/questions.ts';
import type { Targets } from '../discovery/targets.ts';
import type { Endpoint, NodeRecord, NodeStatus, Trust } from '../node-record.ts';
import type { AddressGate, Pace, Places } from '../pace.ts';
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
  /** Takes the neighbours of each answer; returns how many were of use. @default they are not asked for */
  readonly onNeighbours?: ((nodes: readonly Node[]) => number) | undefined;
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
  const findings = new Findings(visiting.clock, options.onStep);
  const asking = { ...visiting, signal: options.signal };
  const contact = contactOf(node.id, node.endpoint);

  // Most who are named and not there are found out here; they must not take the places of others.
  const bonded = node.endpoint.udp > 0 ? await bond(contact, asking) : undefined;
  if (bonded) findings.reach('bonded');
  if (!bonded && (node.trust === 'gossiped' || node.endpoint.tcp === 0)) {
    findings.error = node.endpoint.udp > 0 ? 'udp/timeout' : 'no-port';
    return { findings, endpoint: node.endpoint, trust: node.trust, wait: 0 };
  }
  return visiting.places.hold(() => goOn(node, contact, bonded, findings, visiting, options));
}

/** The rest of a visit of a node that is there, as far as one can tell. */
async function goOn(
  node: Visitable,
  contact: Contact,
  bonded: Bonded | undefined,
  findings: Findings,
  visiting: Visiting,
  { signal, onNeighbours }: VisitOptions,
): Promise<Visited> {
  const asking = { ...visiting, signal };
  signal.throwIfAborted();
  const known = node.enr === undefined ? undefined : parseEnr(node.enr, visiting);
  const isNews = bonded?.enrSeq !== undefined && bonded.enrSeq > (known?.seq ?? -1n);
  const enr = isNews ? await requestRecord(contact, asking) : undefined;
  const endpoint = enr ? endpointOf(enr, node.endpoint) : node.endpoint;

  const exploring =
    bonded && onNeighbours ? askForNeighbours(contact, asking, onNeighbours) : undefined;
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

/** Where a node's own record says that it is; what the record leaves open is as it was. */
function endpointOf(enr: Enr, before: Endpoint): Endpoint {
  const family = parseIp(before.ip)?.length === 16 ? 6 : 4;
  const enode = enodeFromEnr(enr, { family }) ?? enodeFromEnr(enr);
  if (enode) return { ip: enode.host, udp: enode.udp || before.udp, tcp: enode.tcp };
  return { ...before, tcp: enr.tcp ?? enr.tcp6 ?? before.tcp };
}

function contactOf(id: Uint8Array, { ip, udp, tcp }: Endpoint): Contact {
  return { id, host: ip, udp, tcp };
}
