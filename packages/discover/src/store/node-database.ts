import { fromHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { decodeEnr, type Enr, EnrError } from '@devp2p/enr';
import type { RandomSource } from '@devp2p/random';
import { bytesUpTo, type Codec, decode, encode, type Infer, optional, RlpError, struct, uint } from '@devp2p/rlp';
import { type Node, nodeFromContact, withEnr } from '../node/node.ts';
import type { NodeStore } from './node-store.ts';

/** Stored state of a node at an address. Times are wall-clock milliseconds; 0 for never. */
const entryCodec = struct({
  udp: uint(16),
  tcp: uint(16),
  pingSent: uint(53),
  pingReceived: uint(53),
  pongReceived: uint(53),
  findFailures: uint(32),
  record: optional(bytesUpTo(300)),
}) satisfies Codec<unknown>;
type Entry = Infer<typeof entryCodec>;

const prefix = 'node/';

/** State of a node at an IP address. Times are milliseconds of the monotonic clock. */
export interface NodeState {
  readonly node: Node;
  readonly pingSent?: number | undefined;
  readonly pingReceived?: number | undefined;
  /** Time of the last valid Pong. */
  readonly pongReceived?: number | undefined;
  /** Failed FindNode requests in a row. */
  readonly findFailures: number;
}

/** Options of {@link NodeDatabase}. */
export interface NodeDatabaseOptions {
  readonly store: NodeStore;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly random: RandomSource;
  /** How long a node is kept after its last Pong, in milliseconds. */
  readonly lifetime: number;
  /** Called with an error of the store, or for a damaged entry. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Stores the nodes that have answered. Writes are asynchronous, so that no packet waits for them, and write the latest
 * state of each node once.
 */
export class NodeDatabase {
  readonly #options: NodeDatabaseOptions;
  /** Pending writes by key; `undefined` for a deletion. */
  readonly #dirty = new Map<string, NodeState | undefined>();
  #writing: Promise<void> | undefined;

  constructor(options: NodeDatabaseOptions) {
    this.#options = options;
  }

  /** Schedules the write of a changed state. A node that never sent a Pong is not stored. */
  save(state: NodeState): void {
    if (state.pongReceived !== undefined) this.#change(state, state);
  }

  /** Schedules the deletion of a state that is no longer in memory, so that the store does not grow beyond memory. */
  forget(state: NodeState): void {
    this.#change(state, undefined);
  }

  /** Resolves when everything saved so far has been written, or rejected by the store. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Iterates over the states whose last Pong is within the lifetime. */
  async *states(): AsyncGenerator<NodeState, void, undefined> {
    const { clock, lifetime } = this.#options;
    const sinceEpoch = clock.now() - clock.monotonic();
    const monotonic = (wall: number) => (wall === 0 ? undefined : wall - sinceEpoch);
    for await (const [node, entry] of this.#entries()) {
      if (clock.now() - entry.pongReceived >= lifetime) continue;
      yield {
        node,
        pingSent: monotonic(entry.pingSent),
        pingReceived: monotonic(entry.pingReceived),
        // A wall clock that was set back must not extend an endpoint proof.
        pongReceived: Math.min(clock.monotonic(), entry.pongReceived - sinceEpoch),
        findFailures: entry.findFailures,
      };
    }
  }

  /** Returns up to `count` random nodes whose last Pong is at most `maxAge` milliseconds old. */
  async seeds(count: number, maxAge: number): Promise<Node[]> {
    const { clock, random } = this.#options;
    const seeds: { node: Node; record: Uint8Array | undefined }[] = [];
    let seen = 0;
    for await (const [node, { pongReceived, record }] of this.#entries()) {
      if (clock.now() - pongReceived > maxAge) continue;
      // Reservoir sampling gives each node the same probability.
      const place = seeds.length < count ? seeds.length : random.below(seen + 1);
      if (place < count) seeds[place] = { node, record };
      seen++;
    }
    return seeds.map(({ node, record }) => withEnr(node, record && this.#readRecord(record)));
  }

  /** Deletes nodes that are older than the lifetime. */
  async expire(): Promise<void> {
    const { clock, lifetime, store } = this.#options;
    for await (const [, entry, key] of this.#entries()) {
      if (clock.now() - entry.pongReceived > lifetime) await store.delete(key);
    }
  }

  async *#entries(): AsyncGenerator<readonly [node: Node, entry: Entry, key: string]> {
    const { store, crypto, onFailure } = this.#options;
    for await (const [key, value] of store.entries(prefix)) {
      try {
        const [id = '', host = ''] = key.slice(prefix.length).split('/');
        const entry = decode(entryCodec, value);
        const { udp, tcp } = entry;
        yield [nodeFromContact({ id: fromHex(id), host, udp, tcp }, crypto), entry, key];
      } catch (cause) {
        onFailure(new Error(`invalid node database entry ${key}`, { cause }));
        await store.delete(key);
      }
    }
  }

  #readRecord(record: Uint8Array): Enr | undefined {
    try {
      return decodeEnr(record, { crypto: this.#options.crypto });
    } catch (error) {
      if (!(error instanceof EnrError)) throw error;
      this.#options.onFailure(error);
      return undefined;
    }
  }

  #change({ node }: NodeState, state: NodeState | undefined): void {
    this.#dirty.set(`${prefix}${node.key}/${node.host}`, state);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    const { store, onFailure } = this.#options;
    // Runs after all changes that one packet makes.
    await undefined;
    for (const [key, state] of this.#dirty) {
      this.#dirty.delete(key);
      try {
        if (state) await store.put(key, this.#encode(state));
        else await store.delete(key);
      } catch (error) {
        if (error instanceof RlpError) throw error;
        onFailure(error);
      }
    }
    this.#writing = undefined;
  }

  #encode({ node, pingSent, pingReceived, pongReceived, findFailures }: NodeState): Uint8Array {
    const { clock } = this.#options;
    const sinceEpoch = clock.now() - clock.monotonic();
    const wall = (time: number | undefined) => (time === undefined ? 0 : Math.max(0, Math.floor(time + sinceEpoch)));
    return encode(entryCodec, {
      udp: node.udp,
      tcp: node.tcp,
      pingSent: wall(pingSent),
      pingReceived: wall(pingReceived),
      pongReceived: wall(pongReceived),
      findFailures,
      ...(node.enr && { record: node.enr.bytes }),
    });
  }
}
