import type { NodeRecord, RoundTrips, Visit } from '../model/node-record.ts';
import type { Visited } from './visit.ts';

/** When the next visit is due, in ms from now, and how many have been in vain by then. */
export interface Next {
  readonly wait: number;
  readonly failures: number;
}

/** A node's record after a visit. What is known from earlier stays unless there is something newer. */
export function recordAfter(
  before: NodeRecord,
  visited: Visited,
  next: Next,
  now: number,
): NodeRecord {
  const { findings, endpoint, trust, enr } = visited;
  const { hello, eth, disconnect, error, status } = findings;
  const { disconnect: _reason, error: _error, ...lasting } = before;
  const rtt = shortest(before.rtt, visited);
  return {
    ...lasting,
    ...{ endpoint, trust, status },
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
    ...(findings.steps.length > 0 && { lastSeen: now }),
    lastVisit: now,
    visits: before.visits + 1,
    failures: next.failures,
    dueAt: now + next.wait,
  };
}

/** What is kept of the visit itself. */
export function visitOf(
  id: Uint8Array,
  at: number,
  { findings }: Visited,
  neighbours: number,
): Visit {
  const { status, steps, disconnect, error } = findings;
  return {
    ...{ id, at, status, steps },
    ...(disconnect !== undefined && { disconnect }),
    ...(error !== undefined && { error }),
    ...(neighbours > 0 && { neighbours }),
  };
}

function shortest(
  before: RoundTrips | undefined,
  { findings, ping }: Visited,
): RoundTrips | undefined {
  const tcp = findings.time('tcp');
  const handshake = findings.time('authenticated');
  const hello = findings.time('hello');
  const now: RoundTrips = {
    ...(ping !== undefined && { udp: ping }),
    ...(tcp !== undefined && { tcp }),
    ...(handshake !== undefined && hello !== undefined && { hello: handshake + hello }),
  };
  const names = ['udp', 'tcp', 'hello'] as const;
  const pairs = names.flatMap((name) => {
    const times = [before?.[name], now[name]].filter((time) => time !== undefined);
    return times.length > 0 ? [[name, Math.min(...times)] as const] : [];
  });
  return pairs.length > 0 ? (Object.fromEntries(pairs) as RoundTrips) : undefined;
}
