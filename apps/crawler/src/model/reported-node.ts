import { type Enr, formatEnr } from '@devp2p/enr';
import type { Endpoint, NodeRecord } from './node-record.ts';

/** A node as reported by the user, a DNS list or another node. */
export interface ReportedNode {
  /** The id as hex. */
  readonly key: string;
  readonly id: Uint8Array;
  /** Absent for a record without an address. */
  readonly endpoint?: Endpoint | undefined;
  /** The node's signed record, when the report contains it. */
  readonly enr?: Enr | undefined;
  /** Whether the user reported it. @default false */
  readonly fromUser?: boolean | undefined;
}

/** A reported node with an endpoint. */
export interface LocatedNode extends ReportedNode {
  readonly endpoint: Endpoint;
}

/** The node that reported other nodes. */
export interface Source {
  readonly ip: string;
  readonly key: string;
}

/** An endpoint at which a known node may be reachable, other than its current one. */
export interface EndpointCandidate {
  readonly endpoint: Endpoint;
  /** Whether the user reported it. @default false */
  readonly fromUser?: boolean | undefined;
}

/**
 * Returns the record of a reported node before its first visit.
 *
 * @param source the node that reported it; absent for a node from the user or a list
 */
export function newNodeRecord(
  { id, endpoint, enr }: LocatedNode,
  origin: NodeRecord['origin'],
  now: number,
  source?: Source,
): NodeRecord {
  return {
    id,
    endpoint,
    origin,
    trust: source === undefined || enr !== undefined ? 'signed' : 'gossiped',
    ...(source && { relayedBy: source.ip }),
    ...(enr !== undefined && { enr: formatEnr(enr) }),
    status: 'discovered',
    firstSeen: now,
    visits: 0,
    failures: 0,
    dueAt: now,
  };
}
