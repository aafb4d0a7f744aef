import { toHex } from '@devp2p/bytes';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { signEnr } from '@devp2p/enr';
import { createSeededRandom } from '@devp2p/random/seeded';
import { describe, expect, test } from 'vitest';
import { Kademlia, type KademliaParts } from '../src/kademlia/kademlia.ts';
import { type KademliaSettings, kademliaDefaults } from '../src/kademlia/options.ts';
import type { Transport } from '../src/kademlia/transport.ts';
import { Bootnodes } from '../src/node/bootnodes.ts';
import { type Node, nodeFromContact } from '../src/node/node.ts';
import { compareDistance } from '../src/table/distance.ts';
import { cheapCrypto as crypto } from './cheap-crypto.ts';

const { keccak256, secp256k1 } = crypto;

function keyOf(serial: number): Uint8Array {
  const privateKey = new Uint8Array(32);
  new DataView(privateKey.buffer).setUint32(0, serial + 1);
  return privateKey;
}

function nodeOf(serial: number): Node {
  const host = `${30 + (serial >> 16)}.${(serial >> 8) & 255}.${serial & 255}.1`;
  return nodeFromContact({ id: secp256k1.publicKey(keyOf(serial)), host, udp: 30303 }, crypto);
}

const self = nodeOf(0);

/** Closest nodes of a list, by the target of a lookup. */
function closest(nodes: readonly Node[], hash: Uint8Array, count: number): Node[] {
  return [...nodes].sort((a, b) => compareDistance(hash, a.hash, b.hash)).slice(0, count);
}

/**
 * A protocol that is not discovery v4: nodes answer by a function call after 10 ms. Its FindNode request has the hash of
 * the target alone, as the distances of discovery v5 need.
 */
class FakeProtocol implements Transport {
  readonly network: readonly Node[];
  readonly offline = new Set<string>();
  readonly seqs = new Map<string, bigint>();
  readonly #failures = new Map<string, number>();
  readonly #clock: VirtualClock;
  requests = 0;

  constructor(network: readonly Node[], clock: VirtualClock) {
    this.network = network;
    this.#clock = clock;
  }

  async ping({ key }: Node): ReturnType<Transport['ping']> {
    await this.#delay();
    return this.offline.has(key) ? 'timeout' : { enrSeq: this.seqs.get(key) };
  }

  async findNode(
    { key }: Node,
    { hash }: { hash: Uint8Array },
    signal?: AbortSignal,
  ): ReturnType<Transport['findNode']> {
    this.requests++;
    await this.#delay();
    if (signal?.aborted) return 'not-sent';
    const nodes = this.offline.has(key) ? [] : closest(this.network, hash, 16);
    const failures = nodes.length > 0 ? 0 : (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    return { nodes, failures };
  }

  async requestRecord({ key, host }: Node): ReturnType<Transport['requestRecord']> {
    await this.#delay();
    const serial = this.network.findIndex((node) => node.key === key);
    if (serial < 0 || this.offline.has(key)) return undefined;
    const seq = this.seqs.get(key) ?? 1n;
    return signEnr({ ip: host, udp: 30303 }, keyOf(serial + 1), { crypto, seq });
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.setTimeout(resolve, 10);
    });
  }
}

function start(size: number, options: Partial<KademliaSettings & KademliaParts> = {}) {
  const clock = createVirtualClock();
  const network = Array.from({ length: size }, (_, i) => nodeOf(i + 1));
  const protocol = new FakeProtocol(network, clock);
  const closing = new AbortController();
  const changes: string[] = [];
  const kademlia = new Kademlia(
    { ...kademliaDefaults, bucketNetworkLimit: 16, tableNetworkLimit: 1_000, ...options },
    {
      self,
      transport: protocol,
      bootnodes: new Bootnodes(network.slice(0, 1), {
        crypto,
        resolveHost: undefined,
        onUnresolved: () => undefined,
      }),
      database: { seeds: async () => [], expire: async () => undefined },
      canSendTo: () => true,
      crypto,
      random: createSeededRandom(3),
      clock,
      closing: closing.signal,
      onChange: (change) => changes.push(change),
      onFailure: (error) => {
        throw error;
      },
      ...options,
    },
  );
  kademlia.start();
  const during = async <T>(work: Promise<T>): Promise<T> => {
    let done = false;
    const ended = work.finally(() => {
      done = true;
    });
    ended.catch(() => undefined);
    while (!done) await clock.advance(5);
    return ended;
  };
  return { clock, network, protocol, kademlia, closing, changes, during };
}

describe('D4-13 Kademlia needs no more than the three requests of its transport', () => {
  test('a refresh fills the table, and a lookup finds the 16 closest nodes', async () => {
    const { network, kademlia, clock, during } = start(200);
    await clock.advance(5_000);
    expect(kademlia.size).toBeGreaterThan(20);
    const publicKey = createSeededRandom(9).bytes(64);
    const found = await during(kademlia.lookup(publicKey, undefined));
    const expected = closest(network, keccak256(publicKey), 16);
    expect(found.map(({ key }) => key)).toEqual(expected.map(({ key }) => key));
  });

  test('a node that stops answering is removed', async () => {
    const { network, protocol, kademlia, clock, changes } = start(20, { refreshInterval: 1e12 });
    await clock.advance(60_000);
    const [gone] = network.slice(5) as [Node];
    expect(kademlia.nodes().map(({ key }) => key)).toContain(gone.key);
    protocol.offline.add(gone.key);
    await clock.advance(3_600_000);
    expect(kademlia.nodes().map(({ key }) => key)).not.toContain(gone.key);
    expect(changes).toContain('node-removed');
  });

  test('a greater sequence number in a pong causes a request of the record', async () => {
    const { network, protocol, kademlia, clock } = start(3, { refreshInterval: 1e12 });
    await clock.advance(60_000);
    const { key } = network[1] as Node;
    protocol.seqs.set(key, 7n);
    await clock.advance(60_000);
    expect(kademlia.nodes().find((node) => node.key === key)?.enr?.seq).toBe(7n);
  });

  test('resolve returns the node with its record, or the argument without a response', async () => {
    const { network, kademlia, clock, during, protocol } = start(20);
    await clock.advance(1_000);
    const node = network[7] as Node;
    const resolved = await during(kademlia.resolve(node, undefined));
    expect(resolved.enr && toHex(resolved.enr.id)).toBe(node.key);
    protocol.offline.add(node.key);
    expect(await during(kademlia.resolve(node, undefined))).toBe(node);
  });

  test('an abort of the signal ends a lookup with its reason, a close ends all', async () => {
    const { kademlia, clock, closing, during } = start(50);
    await clock.advance(1_000);
    const stop = new AbortController();
    const aborted = kademlia.lookup(self.id, stop.signal).catch((reason: unknown) => reason);
    stop.abort('enough');
    expect(await during(aborted)).toBe('enough');
    const nodes = (async () => {
      for await (const _ of kademlia.randomNodes(undefined));
      return 'ended';
    })();
    const closed = kademlia.lookup(self.id, undefined).catch((reason: unknown) => reason);
    closing.abort('closed');
    await during(kademlia.stop());
    expect(await Promise.all([during(closed), during(nodes)])).toEqual(['closed', 'ended']);
    await clock.advance(100);
    expect(clock.pending).toBe(0);
  });

  test('without maintainTable nothing is sent until it is requested', async () => {
    const { protocol, kademlia, clock } = start(20, { maintainTable: false });
    await clock.advance(3_600_000);
    expect([protocol.requests, kademlia.size]).toEqual([0, 0]);
  });
});
