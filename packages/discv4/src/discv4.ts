import { equalBytes, toHex } from '@devp2p/bytes';
import { abortable } from '@devp2p/clock';
import {
  type Address,
  Bootnodes,
  createUdpEndpoint,
  type ExternalEndpoint,
  type LocalNode,
  type Node,
  type NodeLike,
  openLocalNode,
  resolveNode,
  UdpEndpoint,
  type UdpSocket,
} from '@devp2p/discover';
import { type Enr, type EnrContent, formatEnr } from '@devp2p/enr';
import { abortSignal, bytes, type Rules } from '@devp2p/options';
import { check } from './check-options.ts';
import { type Components, createComponents } from './components.ts';
import { publish } from './diagnostics.ts';
import { Discv4Error, rethrow } from './error.ts';
import { checkLocalNode, type Discv4Options, discv4Rules, type Settings, withDefaults } from './options.ts';
import type { Stats } from './stats.ts';
import type { Pong } from './wire/packet.ts';
import { showFields } from './wire/show-fields.ts';

/** Options of each operation that waits. */
export interface WaitOptions {
  /** Ends the operation with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts discovery v4. Resolves when it answers requests; the first refresh of the table continues in the background.
 *
 * @param socket a socket, which belongs to discovery from then on; or an endpoint that is shared with another protocol,
 * which `close` leaves open
 * @throws Discv4Error `invalid-option`, `no-endpoint`; EnodeError, EnrError for an invalid boot node; EnrError for
 * entries that do not fit a record; CryptoError for an invalid private key; errors of the store
 */
export async function createDiscv4(socket: UdpSocket | UdpEndpoint, options: Discv4Options): Promise<Discv4> {
  const isShared = socket instanceof UdpEndpoint;
  try {
    const endpoint = isShared ? socket : createUdpEndpoint(socket);
    check.options('createDiscv4', options, discv4Rules);
    checkLocalNode(options);
    return await Discv4.start(options, endpoint, isShared);
  } catch (error) {
    rethrow(error);
  }
}

/** Collaborators of a {@link Discv4}. */
interface Parts {
  readonly settings: Settings;
  readonly endpoint: UdpEndpoint;
  /** Whether the endpoint stays open when discovery is closed. */
  readonly isShared: boolean;
  readonly bootnodes: Bootnodes;
  readonly localNode: LocalNode;
}

/** A running node of discovery v4. */
export class Discv4 {
  /** Public key of the local node, 64 bytes. */
  readonly id: Uint8Array;
  readonly #parts: Parts;
  readonly #components: Components;
  readonly #closing = new AbortController();
  #removeReader = (): void => {};
  #closed: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.id = parts.localNode.id;
    this.#components = createComponents({ ...parts, closing: this.#closing.signal });
  }

  /** @internal */
  static async start(options: Discv4Options, endpoint: UdpEndpoint, isShared: boolean): Promise<Discv4> {
    const settings = withDefaults(options);
    const { privateKey, crypto, clock, store, resolveHost } = settings;
    const id = crypto.secp256k1.publicKey(privateKey);
    if (settings.localNode && !equalBytes(settings.localNode.id, id)) {
      check.fail('localNode', settings.localNode, 'the local node of privateKey');
    }
    const bootnodes = new Bootnodes(settings.bootnodes ?? [], {
      crypto,
      resolveHost,
      onUnresolved: (host, error) => publish(() => ({ localId: id, type: 'bootnode-unresolved', host, error })),
    });
    const { entries, externalIp, externalIp6, tcpPort, minStatements, statementWindow } = settings;
    const localNode =
      settings.localNode ??
      (await openLocalNode({
        privateKey,
        localAddress: endpoint.localAddress,
        entries,
        externalIp,
        externalIp6,
        tcpPort,
        minStatements,
        statementWindow,
        store,
        crypto,
        clock,
      }));
    const discovery = new Discv4({ settings, endpoint, isShared, bootnodes, localNode });
    await discovery.#start();
    return discovery;
  }

  async #start(): Promise<void> {
    const { database, proofs, responder, kademlia } = this.#components;
    for await (const state of database.states()) proofs.restore(state);
    this.#removeReader = this.#parts.endpoint.addReader((bytes, from) => responder.read(bytes, from));
    kademlia.start();
  }

  /** Record of the local node. */
  get localEnr(): Enr {
    return this.#parts.localNode.enr;
  }

  /** Address that the socket is bound to. */
  get localAddress(): Address {
    return this.#parts.endpoint.localAddress;
  }

  /** Numbers of packets since the start. */
  get stats(): Readonly<Stats> {
    return { ...this.#components.stats };
  }

  /** Readable form for `JSON.stringify` and logs, without secrets. */
  toJSON(): Record<string, unknown> {
    const { host, port } = this.localAddress;
    return {
      id: toHex(this.id),
      address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      enr: formatEnr(this.localEnr),
      nodes: this.#components.kademlia.size,
      stats: this.stats,
    };
  }

  /** Returns all nodes in the table, in no particular order. */
  nodes(): Node[] {
    return this.#components.kademlia.nodes();
  }

  /**
   * Changes entries of the local record, such as `eth`. The value `undefined` removes an entry. The record is stored
   * before it is visible to other nodes.
   *
   * @throws EnrError for entries that do not fit a record; errors of the store
   */
  updateLocalEnr(changes: EnrContent): Promise<Enr> {
    return this.#parts.localNode.update(changes);
  }

  /**
   * Sets the IPv4 endpoint of the local record to that of a gateway that forwards to this node. The endpoint that other
   * nodes report does not change it until it is unset.
   *
   * @param endpoint `undefined` to return to `externalIp` or the reported endpoint
   * @throws Discv4Error `no-endpoint` if the address is not an IPv4 address, `invalid-option`; errors of the store
   */
  setExternalEndpoint(endpoint: ExternalEndpoint | undefined): Promise<Enr> {
    return this.#parts.localNode.setExternalEndpoint(endpoint).catch(rethrow);
  }

  /**
   * Pings a node.
   *
   * @param node `enode://` URL (host names allowed with `resolveHost`), record, `enr:` text, or an object with id, host
   * and UDP port; the same for `findNode`, `requestEnr` and `resolve`
   * @throws Discv4Error `timeout`, `no-endpoint`, `invalid-option`, `busy`, `closed`; EnodeError, EnrError for invalid
   * texts. The same for `findNode` and `requestEnr`.
   */
  async ping(node: NodeLike, options: WaitOptions = {}): Promise<Pick<Pong, 'to' | 'enrSeq'>> {
    const { signal } = checkWait('ping', options);
    const { to, enrSeq } = await this.#components.requests.ping(await this.#resolveNode(node, signal), signal);
    return showFields({ to: { ...to, ip: to.ip.slice() }, enrSeq });
  }

  /**
   * Requests the nodes that a node knows closest to `target`, up to 16. Nodes that are not credible are left out: low
   * ports, special addresses, a LAN that the node is not in, ids that are not on the curve, networks outside
   * `netRestrict`.
   *
   * @param target public key or any other 64 bytes
   */
  async findNode(node: NodeLike, target: Uint8Array, options: WaitOptions = {}): Promise<Node[]> {
    const { signal } = checkWait('findNode', options);
    check.value('target', target, targetRule);
    return this.#components.requests.findNode(await this.#resolveNode(node, signal), target, signal);
  }

  /**
   * Requests the record of a node.
   *
   * @throws Discv4Error `invalid-record` too
   */
  async requestEnr(node: NodeLike, options: WaitOptions = {}): Promise<Enr> {
    const { signal } = checkWait('requestEnr', options);
    return this.#components.requests.requestEnr(await this.#resolveNode(node, signal), signal);
  }

  /**
   * Looks up the nodes of the network that are closest to a public key.
   *
   * @param target public key or any other 64 bytes
   * @returns up to 16 nodes, closest first; none if no node responds
   */
  async lookup(target: Uint8Array, options: WaitOptions = {}): Promise<Node[]> {
    const { signal } = checkWait('lookup', options);
    check.value('target', target, targetRule);
    return this.#components.kademlia.lookup(target, signal);
  }

  /** {@link lookup} of a random target. */
  async lookupRandom(options: WaitOptions = {}): Promise<Node[]> {
    return this.lookup(this.#parts.settings.random.bytes(64), options);
  }

  /**
   * Returns a node with its current endpoint and record: requests the record at the known endpoint, then at the endpoint
   * that a lookup finds.
   *
   * @returns the argument as a `Node` if the node does not respond
   */
  async resolve(contact: NodeLike, options: WaitOptions = {}): Promise<Node> {
    const { signal } = checkWait('resolve', options);
    return this.#components.kademlia.resolve(await this.#resolveNode(contact, signal), signal);
  }

  /**
   * Iterates over random nodes of the network, found by successive lookups of random targets. A node may occur more than
   * once. Ends, without an error, only when the signal aborts or discovery is closed.
   */
  randomNodes(options: WaitOptions = {}): AsyncGenerator<Node, void, undefined> {
    const { signal } = checkWait('randomNodes', options);
    return this.#components.kademlia.randomNodes(signal);
  }

  /** Stops discovery. Pending operations reject with `closed`. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { endpoint, isShared, localNode } = this.#parts;
    const { pending, kademlia, database } = this.#components;
    this.#closing.abort(new Discv4Error('closed', 'discovery is closed'));
    this.#removeReader();
    pending.close();
    await kademlia.stop();
    await database.flush();
    await localNode.flush();
    if (!isShared) await endpoint.close();
  }

  async #resolveNode(named: NodeLike, signal: AbortSignal | undefined): Promise<Node> {
    try {
      const node = resolveNode(named, this.#parts.settings);
      return node instanceof Promise ? await abortable(node, signal) : node;
    } catch (error) {
      rethrow(error);
    }
  }
}

const targetRule = bytes(64);
const waitRules: Rules<WaitOptions> = { signal: abortSignal };

/** @throws Discv4Error `invalid-option` */
function checkWait(call: string, options: WaitOptions): WaitOptions {
  check.options(call, options, waitRules);
  return options;
}

/** Output of `console.log`. */
Object.defineProperty(Discv4.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Discv4, _depth: number, options: object, inspect: (value: unknown, o: object) => string) {
    return `Discv4 ${inspect(this.toJSON(), options)}`;
  },
});
