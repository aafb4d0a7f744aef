import type { NodeRecord, Visit } from '../../src/model/node-record.ts';
import type { CrawlSession, Rollup } from '../../src/store/store.ts';

/** Returns a distinct id for each number. */
export function idOf(number: number): Uint8Array {
  const id = new Uint8Array(64).fill(number % 251);
  new DataView(id.buffer).setUint32(60, number);
  return id;
}

/** Returns a record with only the required fields. */
export function bareNode(number: number, changes: Partial<NodeRecord> = {}): NodeRecord {
  return {
    id: idOf(number),
    endpoint: { ip: `10.0.${number >> 8}.${number & 255}`, udp: 30303, tcp: 30303 },
    trust: 'gossiped',
    origin: 'gossip',
    status: 'discovered',
    firstSeen: 1_700_000_000_000,
    visits: 0,
    failures: 0,
    dueAt: 1_700_000_000_000 + number,
    ...changes,
  };
}

/** Returns a record with all fields. */
export function fullNode(number: number, changes: Partial<NodeRecord> = {}): NodeRecord {
  return {
    ...bareNode(number),
    endpoint: { ip: '2001:db8::7', udp: 30301, tcp: 0 },
    trust: 'signed',
    relayedBy: '10.1.2.3',
    status: 'synced',
    enr: `enr:-${'x'.repeat(200)}`,
    client: 'Geth/größe/v1.17.5-stable-0c2fb441/linux-amd64/go1.24.1',
    capabilities: [
      { name: 'eth', version: 69 },
      { name: 'snap', version: 1 },
    ],
    listenPort: 0,
    eth: {
      version: 69,
      networkId: 2n ** 64n - 1n,
      genesis: new Uint8Array(32).fill(1),
      forkId: { hash: 0xffffffff, next: 1_791_294_816n },
      latestHash: new Uint8Array(32).fill(2),
      earliest: 0,
      latest: 24_000_000,
      headTime: 1_770_000_000,
    },
    disconnect: 'too-many-peers',
    error: 'tcp/ECONNREFUSED',
    rtt: { udp: 0.125, tcp: 12, hello: 80.5 },
    lastSeen: 1_700_000_100_000,
    lastVisit: 1_700_000_200_000,
    visits: 7,
    failures: 0,
    sharedAddress: true,
    ...changes,
  };
}

export function visitOf(number: number, at: number, changes: Partial<Visit> = {}): Visit {
  return { id: idOf(number), at, status: 'discovered', steps: [], ...changes };
}

export function rollupAt(at: number, changes: Partial<Rollup> = {}): Rollup {
  const funnel = {
    discovered: 9,
    bonded: 8,
    tcp: 7,
    authenticated: 6,
    hello: 5,
    status: 4,
    chain: 3,
    synced: 2,
  };
  const disconnects = { 'too-many-peers': 3 };
  return {
    at,
    funnel,
    disconnects,
    errors: { 'tcp/timeout': 1 },
    gossiped: 4,
    verified: 5,
    answered: 8,
    ...changes,
  };
}

export function sessionOf(startedAt: number, changes: Partial<CrawlSession> = {}): CrawlSession {
  return { startedAt, visits: 3, rollup: rollupAt(startedAt + 1_000), ...changes };
}
