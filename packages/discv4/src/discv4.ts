import { sleep } from '@devp2p/clock';
import { type Enr, type EnrContent, formatEnr, nodeIdHash, toHex } from '@devp2p/enr';
import { abortSignal, bytes, integer, type Rules, required, string } from '@devp2p/options';
import { Bootnodes } from './bootnodes.ts';
import { check } from './check-options.ts';
import { type NodeLike, resolveNode } from './contact.ts';
import { publish } from './diagnostics.ts';
import { DriftMonitor } from './drift.ts';
import { type Bond, Bonds } from './endpoint-proof.ts';
import { Discv4Error } from './error.ts';
import {
  type ExternalEndpoint,
  externalContent,
  initialContent,
  predictedContent,
} from './local-endpoint.ts';
import { LocalRecord } from './local-record.ts';
import type { Node } from './node.ts';
import { NodeDatabase } from './node-database.ts';
import { type Discv4Options, discv4Rules, type Settings, withDefaults } from './options.ts';
import type { Pong } from './packet.ts';
import { PendingRequests } from './pending.ts';
import { EndpointPrediction } from './prediction.ts';
import { Refresh } from './refresh.ts';
import { isPermitted, reach } from './relay.ts';
import { Requests } from './requests.ts';
import { Responder } from './responder.ts';
import { Revalidation } from './revalidation.ts';
import { Search } from './search.ts';
import { PacketSender } from './sender.ts';
import { showFields } from './shown.ts';
import { type Address, addressRules, socketRule, type UdpSocket } from './socket.ts';
import { newStats, type Stats } from './stats.ts';
import { Table } from './table.ts';
import { unless } from './unless.ts';

const targetRule = bytes(64);

/** Statements about our endpoint that are kept. */
const MAX_STATEMENTS = 500;

const portRule = required(integer(0, 65_535));
const endpointRules = { ip: required(string), tcp: portRule, udp: portRule };

/** Options of everything that waits. */
export interface WaitOptions {
  /** Its abort ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts discovery on a socket, which is its own from then on. Resolves when it answers; the first refresh of the table
 * goes on in the background.
 *
 * @throws Discv4Error `invalid-option` for a setting that makes no sense; EnodeError, EnrError, Discv4Error for a boot node or address
 * that is none; EnrError for entries that do not fit a record; CryptoError for what is no private key; what the store
 * throws.
 */
export async function createDiscv4(socket: UdpSocket, options: Discv4Options): Promise<Discv4> {
  check.value('socket', socket, socketRule);
  check.fields('socket.localAddress', socket.localAddress, addressRules);
  check.options('createDiscv4', options, discv4Rules);
  const settings = withDefaults(options);
  const { crypto, privateKey, store, clock } = settings;
  const id = crypto.secp256k1.publicKey(privateKey);
  const key = toHex(id);
  const bootnodes = new Bootnodes(options.bootnodes ?? [], {
    crypto,
    resolveHost: options.resolveHost,
    onUnresolved: (host, error) => publish(() => ({ event: 'bootnode-unresolved', host, error })),
  });
  const record = await LocalRecord.open(
    {
      ...{ privateKey, id, key, store, crypto, clock },
      onChange: (enr) => publish(() => ({ event: 'local-record', enr })),
      onFailure: storeFailed,
    },
    initialContent(settings, socket.localAddress),
  );
  const self = { id, key, hash: nodeIdHash(id, { crypto }) };
  return Discv4.start({ settings, self, socket, bootnodes, record });
}

/** What a {@link Discv4} is made with. */
interface Parts {
  readonly settings: Settings;
  readonly self: Pick<Node, 'id' | 'key' | 'hash'>;
  readonly socket: UdpSocket;
  readonly bootnodes: Bootnodes;
  readonly record: LocalRecord;
}

/** A running node of discovery v4. */
export class Discv4 {
  /** Our public key, 64 bytes. */
  readonly id: Uint8Array;
  readonly #parts: Parts;
  readonly #table: Table;
  readonly #bonds: Bonds;
  readonly #database: NodeDatabase;
  readonly #pending: PendingRequests;
  readonly #requests: Requests;
  readonly #responder: Responder;
  readonly #search: Search;
  readonly #revalidation: Revalidation;
  readonly #stats: Stats = newStats();
  readonly #closing = new AbortController();
  readonly #refresh: Refresh;
  readonly #prediction4: EndpointPrediction;
  /** Whether our IPv4 endpoint is not to be predicted. */
  #isStated: boolean;
  #closed: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.id = parts.self.id;
    const { settings, self, socket, record } = parts;
    const { clock, crypto, random, store } = settings;
    this.#isStated = settings.externalIp !== undefined;
    this.#prediction4 = this.#prediction(() => this.#isStated);
    this.#table = new Table({
      ...{ self, random },
      ...settings,
      onChange: (event, node) => {
        publish(() => ({ event, node }));
        if (this.#table.size === 0) this.#refresh.schedule();
      },
    });
    const lifetime = settings.bondExpiration;
    const onDrop = (bond: Bond): void => this.#database.forget(bond);
    this.#bonds = new Bonds({ ...settings, lifetime, onDrop });
    this.#database = new NodeDatabase({
      ...{ store, clock, crypto, random, lifetime },
      onFailure: storeFailed,
    });
    const drift = this.#driftMonitor();
    this.#pending = new PendingRequests({
      clock,
      timeout: settings.requestTimeout,
      max: settings.maxPending,
      onTimeout: () => drift?.timedOut(),
      onAnswer: () => drift?.answered(),
    });
    const sender = new PacketSender({ settings, socket, record, stats: this.#stats });
    const known = { bonds: this.#bonds, database: this.#database, pending: this.#pending };
    this.#requests = new Requests({
      ...{ settings, record, sender },
      ...known,
      predictions: {
        4: this.#prediction4,
        6: this.#prediction(() => settings.externalIp6 !== undefined),
      },
    });
    this.#responder = new Responder({
      ...{ settings, self, record, sender, stats: this.#stats, requests: this.#requests },
      ...known,
      closest: (target) => this.#table.closest(target, { verified: true }),
      onContact: (node, live) => {
        if (isPermitted(node.ip, settings.netRestrict)) this.#table.add(node, 'inbound', { live });
      },
    });
    this.#search = new Search({
      ...{ settings, self, table: this.#table, requests: this.#requests },
      ...known,
      canReach: reach(socket.localAddress),
      closing: this.#closing.signal,
    });
    this.#revalidation = new Revalidation({
      ...{ clock, random, table: this.#table },
      interval: settings.pingInterval,
      check: (node) => this.#search.check(node),
    });
    this.#refresh = new Refresh({
      ...{ clock, random, interval: settings.refreshInterval },
      isTableEmpty: () => this.#table.size === 0,
      work: () => this.#fillTable(),
      onFailure: (error) => {
        // Lookups end with `closed`; all else that can go wrong is the store.
        if (!this.#closing.signal.aborted) storeFailed(error);
      },
    });
  }

  /** @internal */
  static async start(parts: Parts): Promise<Discv4> {
    const discovery = new Discv4(parts);
    await discovery.#start();
    return discovery;
  }

  async #start(): Promise<void> {
    await this.#database.restore(this.#bonds);
    this.#parts.socket.onMessage((bytes, from) => {
      if (!this.#closed) this.#responder.receive(bytes, from);
    });
    if (this.#parts.settings.maintainTable === false) {
      this.#refresh.stop();
      return;
    }
    this.#revalidation.start();
    this.#refresh.run().then(() => {
      this.#table.seeded = true;
    });
  }

  /** Our record as others get it. */
  get localEnr(): Enr {
    return this.#parts.record.enr;
  }

  /** Where the socket is bound. */
  get localAddress(): Address {
    return this.#parts.socket.localAddress;
  }

  /** Counts since the start. */
  get stats(): Readonly<Stats> {
    return { ...this.#stats };
  }

  /** What a person wants to know of it, for `JSON.stringify` and logs; no secrets. */
  toJSON(): Record<string, unknown> {
    const { host, port } = this.localAddress;
    return {
      ...{ id: toHex(this.id), address: `${host.includes(':') ? `[${host}]` : host}:${port}` },
      ...{ enr: formatEnr(this.localEnr), nodes: this.#table.size, stats: this.stats },
    };
  }

  /** All nodes in the table, in no particular order. */
  nodes(): Node[] {
    return Array.from(this.#table.entries(), ({ node }) => node);
  }

  /**
   * Changes entries of our record, such as `eth`; one that is `undefined` is taken out. The record is in the store
   * before it is shown to anybody.
   *
   * @throws EnrError when they do not fit; what the store throws.
   */
  updateLocalEnr(changes: EnrContent): Promise<Enr> {
    return this.#parts.record.update(changes);
  }

  /**
   * Says in our record where others reach us over IPv4, as a gateway does that maps ports; what others see is not
   * heeded meanwhile.
   *
   * @param endpoint - `undefined` when it holds no more: back to `externalIp`, or to what others see.
   * @throws Discv4Error `no-endpoint` for what is no IPv4 address; what the store throws.
   */
  async setExternalEndpoint(endpoint: ExternalEndpoint | undefined): Promise<Enr> {
    const { settings, socket, record } = this.#parts;
    if (endpoint !== undefined) {
      check.fields('endpoint', endpoint, endpointRules);
      const content = externalContent(endpoint);
      this.#isStated = true;
      return record.update(content);
    }
    const { ip, tcp, udp } = initialContent(settings, socket.localAddress);
    this.#isStated = settings.externalIp !== undefined;
    const predicted = this.#isStated ? undefined : this.#prediction4.endpoint;
    return record.update({ ip, tcp, udp, ...(predicted && predictedContent(predicted, udp)) });
  }

  /**
   * Asks a node whether it is there.
   *
   * @param node - its `enode://` URL (host names allowed, as far as there is a `resolveHost`), its record or the `enr:`
   * text of it, or an object with id, host and UDP port; the same for the next three.
   * @throws Discv4Error `timeout`, `no-endpoint`, `invalid-option`, `busy`, `closed`; EnodeError, EnrError for texts that
   * are none. So do the next two.
   */
  async ping(node: NodeLike, options: WaitOptions = {}): Promise<Pick<Pong, 'to' | 'enrSeq'>> {
    const { signal } = checkWait('ping', options);
    const { to, enrSeq } = await this.#requests.ping(await this.#node(node, signal), signal);
    return showFields({ to: { ...to, ip: to.ip.slice() }, enrSeq });
  }

  /**
   * Asks a node for the nodes that it knows nearest to `target`, up to 16. What it cannot know or nobody can be is left
   * out: low ports, special addresses, a LAN that it is not in, ids off the curve, networks outside `netRestrict`.
   *
   * @param target - 64 bytes: a public key, or anything.
   */
  async findNode(node: NodeLike, target: Uint8Array, options: WaitOptions = {}): Promise<Node[]> {
    const { signal } = checkWait('findNode', options);
    check.value('target', target, targetRule);
    return this.#requests.findNode(await this.#node(node, signal), target, signal);
  }

  /**
   * Asks a node for its own record.
   *
   * @throws Discv4Error `invalid-record` too.
   */
  async requestEnr(node: NodeLike, options: WaitOptions = {}): Promise<Enr> {
    const { signal } = checkWait('requestEnr', options);
    return this.#requests.requestEnr(await this.#node(node, signal), signal);
  }

  /**
   * Looks for the nodes of the whole network that are nearest to a public key.
   *
   * @param target - 64 bytes: a public key, or anything.
   * @returns up to 16, nearest first; none when nobody answers.
   */
  async lookup(target: Uint8Array, options: WaitOptions = {}): Promise<Node[]> {
    const { signal } = checkWait('lookup', options);
    check.value('target', target, targetRule);
    signal?.throwIfAborted();
    if (this.#table.size === 0) await unless(signal, this.#refresh.run());
    return this.#search.lookup(target, signal);
  }

  /** {@link lookup} of a random target. */
  async lookupRandom(options: WaitOptions = {}): Promise<Node[]> {
    return this.lookup(this.#parts.settings.random(64), options);
  }

  /**
   * The newest of a node that can be found, with its record: by asking it, else by looking for where it is now.
   *
   * @returns what was given, as a `Node`, when it cannot be found.
   */
  async resolve(contact: NodeLike, options: WaitOptions = {}): Promise<Node> {
    const { signal } = checkWait('resolve', options);
    const node = await this.#node(contact, signal);
    const known = this.#table.get(node.key)?.node;
    const candidates = known && known !== node ? [node, known] : [node];
    for (const candidate of candidates) {
      const resolved = await this.#search.askForRecord(candidate, signal);
      if (resolved) return resolved;
    }
    const found = await this.lookup(node.id, { signal });
    const elsewhere = found.find(({ key }) => key === node.key);
    return (elsewhere && (await this.#search.askForRecord(elsewhere, signal))) ?? node;
  }

  /**
   * Nodes from all over the network, found by one random lookup after another; the same node may come again. It never
   * ends by itself: it does when the signal aborts or discovery is closed, and then without an error.
   */
  randomNodes(options: WaitOptions = {}): AsyncGenerator<Node, void, undefined> {
    const { signal } = checkWait('randomNodes', options);
    return this.#randomNodes(signal);
  }

  async *#randomNodes(signal: AbortSignal | undefined): AsyncGenerator<Node, void, undefined> {
    const { clock, random, lookupInterval } = this.#parts.settings;
    const ended = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    try {
      while (!ended.aborted) {
        if (this.#table.size === 0) await unless(ended, this.#refresh.running);
        const started = clock.monotonic();
        for await (const node of this.#search.walk(random(64), ended)) {
          if (ended.aborted) return;
          yield node;
        }
        await sleep(clock, started + lookupInterval - clock.monotonic(), { signal: ended });
      }
    } catch (error) {
      if (!ended.aborted) throw error;
    }
  }

  /** Ends everything, waiting operations with `closed`. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#closing.abort(new Discv4Error('closed', 'discovery is closed'));
    this.#revalidation.stop();
    this.#refresh.stop();
    this.#pending.close();
    await this.#refresh.running;
    await this.#database.flush();
    await this.#parts.socket.close();
  }

  #node(named: NodeLike, signal: AbortSignal | undefined): Node | Promise<Node> {
    const node = resolveNode(named, this.#parts.settings);
    return node instanceof Promise ? orAborted(node, signal) : node;
  }

  /** A refresh: seeds, a lookup of ourselves, and some of random places. */
  async #fillTable(): Promise<void> {
    const { settings, bootnodes, self } = this.#parts;
    const { seedCount, seedMaxAge, refreshLookups, random } = settings;
    // First what the user says: the store may have the same node at a place that it has left.
    for (const node of bootnodes.known) this.#table.add(node, 'seed');
    const seeds = await this.#database.seeds(seedCount, seedMaxAge);
    for (const node of seeds) this.#table.add(node, 'seed');
    const known = await unless(this.#closing.signal, bootnodes.nodes());
    for (const node of known ?? []) this.#table.add(node, 'seed');
    await this.#search.lookup(self.id, undefined);
    for (let i = 0; i < refreshLookups; i++) await this.#search.lookup(random(64), undefined);
    this.#bonds.expire();
    await this.#database.expire();
  }

  #prediction(isStated: () => boolean): EndpointPrediction {
    const { settings, record } = this.#parts;
    return new EndpointPrediction({
      clock: settings.clock,
      minStatements: settings.minStatements,
      window: settings.statementWindow,
      maxStatements: MAX_STATEMENTS,
      onChange: (endpoint) => {
        if (isStated()) return;
        record.update(predictedContent(endpoint, record.enr.udp)).catch(storeFailed);
      },
    });
  }

  #driftMonitor(): DriftMonitor | undefined {
    const { sntp, clock, driftTimeouts, driftInterval, driftTolerance } = this.#parts.settings;
    if (!sntp) return undefined;
    return new DriftMonitor({
      ...{ clock, sntp, signal: this.#closing.signal },
      timeouts: driftTimeouts,
      interval: driftInterval,
      tolerance: driftTolerance,
      onDrift: (milliseconds) => publish(() => ({ event: 'clock-drift', milliseconds })),
      onFailure: (error) => publish(() => ({ event: 'clock-check-failed', error })),
    });
  }
}

const waitRules: Rules<WaitOptions> = { signal: abortSignal };

/** @throws Discv4Error `invalid-option` */
function checkWait(call: string, options: WaitOptions): WaitOptions {
  check.options(call, options, waitRules);
  return options;
}

async function orAborted(node: Promise<Node>, signal: AbortSignal | undefined): Promise<Node> {
  const found = await unless(signal, node);
  signal?.throwIfAborted();
  return found ?? node;
}

/** How `console.log` shows it. */
Object.defineProperty(Discv4.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(
    this: Discv4,
    _depth: number,
    options: object,
    inspect: (value: unknown, o: object) => string,
  ) {
    return `Discv4 ${inspect(this.toJSON(), options)}`;
  },
});

function storeFailed(error: unknown): void {
  publish(() => ({ event: 'store-failed', error }));
}
