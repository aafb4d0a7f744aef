import type { NodeRecord, RoundTrips, Visit } from '../model/node-record.ts';
import type { VisitResult } from './visit-result.ts';

/** The next visit of a node. */
export interface NextVisit {
  /** Milliseconds from now. */
  readonly wait: number;
  /** Consecutive failed visits so far. */
  readonly failures: number;
}

/** Returns the record of a node after a visit. Fields without a new value keep the previous one. */
export function applyResult(node: NodeRecord, result: VisitResult, next: NextVisit, now: number): NodeRecord {
  const { status, endpoint, trust, enr, hello, eth, disconnect, error } = result;
  const { disconnect: _disconnect, error: _error, sharedAddress, ...rest } = node;
  const isShared = result.neighbors.length > 0 ? result.hasSharedAddress : sharedAddress;
  const rtt = shortestRoundTrips(node.rtt, result);
  return {
    ...rest,
    endpoint,
    trust,
    status,
    ...(enr !== undefined && { enr }),
    ...(hello && {
      client: hello.clientId,
      capabilities: hello.capabilities.map(({ name, version }) => ({ name, version })),
      listenPort: hello.listenPort,
    }),
    ...(eth && { eth }),
    ...(disconnect !== undefined && { disconnect }),
    ...(error !== undefined && { error }),
    ...(rtt && { rtt }),
    ...(isShared && { sharedAddress: true }),
    ...(result.steps.length > 0 && { lastSeen: now }),
    lastVisit: now,
    visits: node.visits + 1,
    failures: next.failures,
    dueAt: now + next.wait,
  };
}

/** Returns the stored form of a visit. */
export function visitRecord(id: Uint8Array, result: VisitResult): Visit {
  const { startedAt: at, status, steps, disconnect, error, neighbors } = result;
  return {
    id,
    at,
    status,
    steps,
    ...(disconnect !== undefined && { disconnect }),
    ...(error !== undefined && { error }),
    ...(neighbors.length > 0 && { neighbors: neighbors.length }),
  };
}

function shortestRoundTrips(previous: RoundTrips | undefined, result: VisitResult): RoundTrips | undefined {
  const handshake = result.duration('authenticated');
  const hello = result.duration('hello');
  const measured = {
    udp: result.ping,
    tcp: result.duration('tcp'),
    hello: handshake !== undefined && hello !== undefined ? handshake + hello : undefined,
  };
  const names = ['udp', 'tcp', 'hello'] as const;
  const pairs = names.flatMap((name) => {
    const times = [previous?.[name], measured[name]].filter((time) => time !== undefined);
    return times.length > 0 ? [[name, Math.min(...times)] as const] : [];
  });
  return pairs.length > 0 ? (Object.fromEntries(pairs) as RoundTrips) : undefined;
}
