import { type AddrEntry, type AddrSource, createAddressQueue, createAddrMan } from '@devp2p/addrman';
import { toHex } from '@devp2p/bytes';
import { type Clock, sleep } from '@devp2p/clock';
import { type ConnManager, createConnManager } from '@devp2p/connmgr';
import type { Crypto } from '@devp2p/crypto';
import { createDiscv4, type Discv4, type NodeStore } from '@devp2p/discv4';
import type { Enode } from '@devp2p/enr';
import { formatIp, parseIp } from '@devp2p/ip';
import type { SeededRandom } from '@devp2p/random/seeded';
import type { Internet } from './internet.ts';
import { type Link, LinkError, type Place } from './link.ts';

/** Environment shared by all nodes. */
export interface Environment {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly internet: Internet;
  readonly bootnodes: readonly Enode[];
  readonly maxPeers: number;
  /** Longest time between two checks of new nodes in the discovery table, in ms. */
  readonly pingInterval: number;
  /** Longest time between two refreshes of the discovery table, in ms; half of it is the shortest. */
  readonly refreshInterval: number;
  /** Time between two nodes taken from lookups while no caller waits for one, in ms. */
  readonly pace: number;
  /** Returns when a node last was the first to send a block to a peer; `undefined` for never. */
  readonly lastBlock: (from: Place) => number | undefined;
}

/** Keys and address of a node, and its state across restarts. */
export interface Identity {
  readonly place: Place;
  readonly privateKey: Uint8Array;
  /** Snapshot of the address manager; not set before the first stop. */
  addresses?: Uint8Array;
  anchors?: readonly Place[];
}

/** An honest node: discovery, address manager and connection manager joined as in `apps/node`. */
export interface Node {
  readonly place: Place;
  readonly startedAt: number;
  readonly manager: ConnManager<Place, Link>;
  readonly discovery: Discv4;
  /** Keys of dialed peers and of inbound peers. */
  readonly outbound: ReadonlySet<string>;
  readonly inbound: ReadonlySet<string>;
  /** The most connections at a time. */
  readonly peak: number;
  /** Returns the keys of all nodes in its address manager. */
  known(): Iterable<string>;
  /** Stops the node and stores its state in its identity, as a real node does on its disk. */
  stop(): Promise<void>;
}

/** TCP and UDP port of all nodes. */
export const port = 30_303;

/**
 * Smaller tables than the default of 1,024 and 256 buckets for tens of thousands of addresses: two thousand take a
 * quarter.
 */
const buckets = { newBuckets: 256, triedBuckets: 64 };

/** Node database without content: a restarted node uses the addresses of its address manager. */
const emptyStore: NodeStore = {
  get: async () => undefined,
  put: async () => {},
  delete: async () => {},
  async *entries() {},
};

/** Age at which a connection is useful, in ms, as in `apps/node`. */
const usefulAge = 60_000;

/** Starts a node with the boot nodes and the state of its identity. */
export async function startNode(identity: Identity, environment: Environment, random: SeededRandom): Promise<Node> {
  const { clock, crypto, internet, maxPeers, pace, lastBlock } = environment;
  const { bootnodes, pingInterval, refreshInterval } = environment;
  const { place, privateKey } = identity;
  const { id, key, host } = place;
  const stopping = new AbortController();

  // Reported nodes are added to the address manager.
  const addresses = createAddrMan({
    ...buckets,
    localId: id,
    snapshot: identity.addresses,
    clock,
    random: random.bytes,
  });
  const addNodes = (nodes: Iterable<Enode>, source: AddrSource): void => {
    if (addresses.add(addrNodes(nodes), source) > 0) queue.notify();
  };
  const discovery = await createDiscv4(internet.bindUdp({ host, port }), {
    privateKey,
    bootnodes,
    externalIp: host,
    pingInterval,
    refreshInterval,
    clock,
    crypto,
    random: random.bytes,
    store: emptyStore,
    onNeighbors: (nodes, { ip }) => addNodes(nodes, { kind: 'peer', ip }),
  });
  const followLookups = async (): Promise<void> => {
    const { signal } = stopping;
    for await (const node of discovery.randomNodes({ signal })) {
      addNodes([node], { kind: 'inbound', ip: node.ip });
      if (queue.waiting === 0) await sleep(clock, pace, { signal }).catch(() => {});
    }
  };

  // The connection manager dials addresses from the address manager, each at most once per offer interval.
  const isWanted = (entry: AddrEntry): boolean => {
    const other = toHex(entry.id);
    return !queue.wasOffered(other) && !outbound.has(other) && !inbound.has(other);
  };
  const queue = createAddressQueue<Place>({
    select: () => {
      const entry = addresses.select({ filter: isWanted, draws: 2 });
      return entry && placeOf(entry);
    },
    keyOf: (other) => other.key,
    clock,
  });

  const outbound = new Set<string>();
  const inbound = new Set<string>();
  let peak = 0;
  const manager = createConnManager<Place, Link>(
    {
      nextAddress: ({ signal }) => queue.next(signal),
      nextFeeler: () => {
        const entry = addresses.selectCollision() ?? addresses.select({ newOnly: true, filter: isWanted });
        return entry && queue.offer(placeOf(entry));
      },
      dial(other, { signal }) {
        addresses.attempt(other.id, { countFailure: false });
        return internet.dial(place, other, signal);
      },
      onDialed(other, error) {
        if (error === undefined) addresses.good(other.id);
        else if (!isFull(error)) addresses.attempt(other.id, { countFailure: true });
      },
      onConnection({ remote, closed }, request) {
        (request.kind === 'inbound' ? inbound : outbound).add(remote.key);
        peak = Math.max(peak, outbound.size + inbound.size);
        const timer = clock.setTimeout(() => manager.markUseful(request.id), usefulAge);
        void closed.then(() => timer.cancel());
      },
      onDisconnection({ remote }, { kind }) {
        (kind === 'inbound' ? inbound : outbound).delete(remote.key);
        addresses.connected(remote.id);
      },
      addressKey: (other) => `${other.key}@${other.host}`,
      identityOf: (other) => other.key,
      identify: ({ remote }) => remote.key,
      keepsDialed: (other) => key > other,
      ipOf: ({ ip }) => ip,
      stats: ({ remote }) => ({
        ping: 2 * internet.oneWay(host, remote.host),
        lastBlock: lastBlock(remote),
      }),
      anchors: {
        take() {
          const { anchors = [] } = identity;
          delete identity.anchors;
          return anchors;
        },
        save(anchors) {
          identity.anchors = anchors;
        },
      },
      clock,
      random: random.bytes,
    },
    { maxPeers, localIdentity: key, admitOn: 'identity' },
  );

  const stopListening = internet.listen(host, { admit: ({ ip }) => manager.admitInbound({ ip }) });
  manager.start();
  const following = followLookups();
  return {
    place,
    manager,
    discovery,
    outbound,
    inbound,
    startedAt: clock.monotonic(),
    get peak() {
      return peak;
    },
    *known() {
      for (const entry of addresses.entries()) yield toHex(entry.id);
    },
    async stop() {
      stopping.abort();
      stopListening();
      await Promise.all([manager.stop(), discovery.close(), following]);
      identity.addresses = addresses.snapshot();
    },
  };
}

/** Whether the remote has no free slot, which is not a failure of the address. */
function isFull(error: unknown): boolean {
  return error instanceof LinkError && error.code === 'too-many-inbound';
}

function* addrNodes(nodes: Iterable<Enode>) {
  for (const { id, host, tcp, udp } of nodes) {
    const ip = parseIp(host);
    if (ip) yield { id, address: { ip, tcp, udp } };
  }
}

function placeOf({ id, address }: AddrEntry): Place {
  return { id, key: toHex(id), host: formatIp(address.ip), ip: address.ip };
}
