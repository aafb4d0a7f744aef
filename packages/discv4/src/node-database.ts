import type { Clock } from '@devp2p/clock';
import type { Crypto, RandomBytes } from '@devp2p/crypto';
import { decodeEnr, type Enr, EnrError, fromHex } from '@devp2p/enr';
import {
  bytesUpTo,
  type Codec,
  decode,
  encode,
  type Infer,
  optional,
  RlpError,
  struct,
  uint,
} from '@devp2p/rlp';
import type { Bond, Bonds } from './endpoint-proof.ts';
import { type Node, nodeFromContact, withEnr } from './node.ts';
import type { NodeStore } from './node-store.ts';
import { fraction } from './random.ts';

/** What is kept of a node at an address. Times are wall-clock ms; 0 is never. */
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

const PREFIX = 'node/';

/** What {@link NodeDatabase} is made with. */
export interface NodeDatabaseOptions {
  readonly store: NodeStore;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly random: RandomBytes;
  /** ms after its last Pong for which a node is kept. */
  readonly lifetime: number;
  /** Called with what the store or an entry in it did wrong. */
  readonly onFailure: (error: unknown) => void;
}

/** Bonds on disk: written behind, so that no packet waits for it, each node's latest state once. */
export class NodeDatabase {
  readonly #options: NodeDatabaseOptions;
  /** What is to be written, by key; `undefined` is to be deleted. */
  readonly #dirty = new Map<string, Bond | undefined>();
  #writing: Promise<void> | undefined;

  constructor(options: NodeDatabaseOptions) {
    this.#options = options;
  }

  /** Notes that a bond has changed. */
  save(bond: Bond): void {
    if (bond.pongReceived !== undefined) this.#change(bond, bond);
  }

  /** Notes that a bond is no longer kept, so that the store cannot grow beyond memory. */
  forget(bond: Bond): void {
    this.#change(bond, undefined);
  }

  /** Resolves when everything saved so far is in the store, or was refused by it. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Puts all bonds that still hold back into memory. */
  async restore(bonds: Bonds): Promise<void> {
    const { clock, lifetime } = this.#options;
    const sinceEpoch = clock.now() - clock.monotonic();
    const monotonic = (wall: number) => (wall === 0 ? undefined : wall - sinceEpoch);
    for await (const [node, entry] of this.#entries()) {
      if (clock.now() - entry.pongReceived >= lifetime) continue;
      const bond = bonds.open(node);
      bond.pingSent = monotonic(entry.pingSent);
      bond.pingReceived = monotonic(entry.pingReceived);
      // A wall clock that was set back must not make a proof hold longer.
      bond.pongReceived = Math.min(clock.monotonic(), entry.pongReceived - sinceEpoch);
      bond.findFailures = entry.findFailures;
    }
  }

  /** Up to `count` nodes, chosen at random, whose last Pong is no older than `maxAge` ms. */
  async seeds(count: number, maxAge: number): Promise<Node[]> {
    const { clock, random } = this.#options;
    const seeds: { node: Node; record: Uint8Array | undefined }[] = [];
    let seen = 0;
    for await (const [node, { pongReceived, record }] of this.#entries()) {
      if (clock.now() - pongReceived > maxAge) continue;
      // Reservoir sampling: every node has the same chance, however many there are.
      const place = seeds.length < count ? seeds.length : Math.floor(fraction(random) * (seen + 1));
      if (place < count) seeds[place] = { node, record };
      seen++;
    }
    return seeds.map(({ node, record }) => withEnr(node, record && this.#readRecord(record)));
  }

  /** Deletes what is older than its lifetime. */
  async expire(): Promise<void> {
    const { clock, lifetime, store } = this.#options;
    for await (const [, entry, key] of this.#entries()) {
      if (clock.now() - entry.pongReceived > lifetime) await store.delete(key);
    }
  }

  async *#entries(): AsyncGenerator<readonly [node: Node, entry: Entry, key: string]> {
    const { store, crypto, onFailure } = this.#options;
    for await (const [key, value] of store.entries(PREFIX)) {
      try {
        const [id = '', host = ''] = key.slice(PREFIX.length).split('/');
        const entry = decode(entryCodec, value);
        const { udp, tcp } = entry;
        yield [nodeFromContact({ id: fromHex(id), host, udp, tcp }, crypto), entry, key];
      } catch (cause) {
        onFailure(new Error(`node database entry ${key} cannot be read`, { cause }));
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

  #change({ node }: Bond, bond: Bond | undefined): void {
    this.#dirty.set(`${PREFIX}${node.key}/${node.host}`, bond);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    const { store, onFailure } = this.#options;
    // Lets everything that one packet changes come first.
    await undefined;
    for (const [key, bond] of this.#dirty) {
      this.#dirty.delete(key);
      try {
        if (bond) await store.put(key, this.#encode(bond));
        else await store.delete(key);
      } catch (error) {
        if (error instanceof RlpError) throw error;
        onFailure(error);
      }
    }
    this.#writing = undefined;
  }

  #encode({ node, pingSent, pingReceived, pongReceived, findFailures }: Bond): Uint8Array {
    const { clock } = this.#options;
    const sinceEpoch = clock.now() - clock.monotonic();
    const wall = (time: number | undefined) =>
      time === undefined ? 0 : Math.max(0, Math.floor(time + sinceEpoch));
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
