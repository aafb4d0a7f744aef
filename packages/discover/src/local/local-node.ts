import { toHex } from '@devp2p/bytes';
import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import { type Enr, type EnrContent, type NodeId, nodeIdHash } from '@devp2p/enr';
import {
  bytes,
  integer,
  methods,
  object,
  positive,
  type Rule,
  type Rules,
  required,
  secret,
  string,
} from '@devp2p/options';
import { check } from '../check-options.ts';
import { publish } from '../diagnostics.ts';
import { type Address, addressRules } from '../endpoint/udp-socket.ts';
import { createMemoryStore, type NodeStore } from '../store/node-store.ts';
import { EndpointPrediction, type StatedEndpoint } from './endpoint-prediction.ts';
import { LocalRecord } from './local-record.ts';
import {
  type ConfiguredContent,
  type ExternalEndpoint,
  externalContent,
  initialContent,
  predictedContent,
} from './record-content.ts';

/** Settings of the local record, shared by all discovery versions. */
export interface LocalNodeSettings {
  /** RLPx port to announce; 0 for none. @default the UDP port */
  readonly tcpPort?: number | undefined;
  /** External IPv4 address. Overrides the prediction. @default predicted from statements of other nodes */
  readonly externalIp?: string | undefined;
  /** External IPv6 address. Overrides the prediction. @default predicted from statements of other nodes */
  readonly externalIp6?: string | undefined;
  /** Further entries of the local record, such as `eth`. @default none */
  readonly entries?: EnrContent | undefined;
  /** Nodes that must agree on an external endpoint. @default 10, as go-ethereum (`iptrackMinStatements`) */
  readonly minStatements?: number | undefined;
  /** Lifetime of their statements in milliseconds. @default 300000, as go-ethereum (`iptrackWindow`) */
  readonly statementWindow?: number | undefined;
}

/** Options of {@link openLocalNode}. */
export interface LocalNodeOptions extends LocalNodeSettings {
  /** Static private key, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** Address of the UDP socket. @default none: a node without discovery, whose record has no UDP port */
  readonly localAddress?: Address | undefined;
  /** Persistent storage of the record. @default `createMemoryStore()` */
  readonly store?: NodeStore | undefined;
  /** @default `nobleCrypto` */
  readonly crypto?: Crypto | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
}

const portRule = integer(0, 65_535);

/** Rules of {@link LocalNodeSettings}. */
export const localNodeRules: Rules<LocalNodeSettings> = {
  tcpPort: portRule,
  externalIp: string,
  externalIp6: string,
  entries: object,
  minStatements: positive,
  statementWindow: positive,
};

const rules: Rules<LocalNodeOptions> = {
  ...localNodeRules,
  privateKey: required(secret(bytes(32))),
  localAddress: object,
  store: methods('get', 'put', 'delete', 'entries'),
  crypto: methods('keccak256'),
  clock: methods('now', 'monotonic', 'setTimeout'),
};
const endpointRules: Rules<ExternalEndpoint> = {
  ip: required(string),
  tcp: required(portRule),
  udp: required(portRule),
};

/** Limit of the stored statements about the external endpoint, per IP family. */
const maxStatements = 500;

/**
 * Identity and record of the local node, shared by all discovery versions. The record follows the configuration, the
 * external endpoint of a gateway, or the endpoint that other nodes report.
 */
export class LocalNode {
  /** Public key, 64 bytes. */
  readonly id: NodeId;
  /** Keccak-256 of the id, 32 bytes. */
  readonly hash: Uint8Array;
  /** Id in hex. */
  readonly key: string;
  readonly #configured: ConfiguredContent;
  readonly #localAddress: Address | undefined;
  readonly #record: LocalRecord;
  readonly #prediction4: EndpointPrediction;
  readonly #prediction6: EndpointPrediction;
  /** Whether the IPv4 endpoint is configured or set, and so not predicted. */
  #isIpv4Fixed: boolean;

  private constructor(options: LocalNodeOptions, self: Pick<LocalNode, 'id' | 'key' | 'hash'>, record: LocalRecord) {
    this.id = self.id;
    this.key = self.key;
    this.hash = self.hash;
    this.#configured = options;
    this.#localAddress = options.localAddress;
    this.#record = record;
    this.#isIpv4Fixed = options.externalIp !== undefined;
    this.#prediction4 = this.#createPrediction(options, () => this.#isIpv4Fixed);
    this.#prediction6 = this.#createPrediction(options, () => options.externalIp6 !== undefined);
  }

  /** @internal */
  static async open(options: LocalNodeOptions): Promise<LocalNode> {
    const { privateKey, localAddress } = options;
    const { store = createMemoryStore(), crypto = nobleCrypto, clock = systemClock } = options;
    const id = crypto.secp256k1.publicKey(privateKey);
    const self = { id, key: toHex(id), hash: nodeIdHash(id, { crypto }) };
    const record = await LocalRecord.open(
      {
        privateKey,
        id,
        key: self.key,
        store,
        crypto,
        clock,
        onChange: (enr) => publish(() => ({ type: 'local-record', localId: id, enr })),
        onFailure: (error) => storeFailed(id, error),
      },
      initialContent(options, localAddress),
    );
    return new LocalNode(options, self, record);
  }

  /** Current record. */
  get enr(): Enr {
    return this.#record.enr;
  }

  /**
   * Changes entries of the record, such as `eth`. The value `undefined` removes an entry. The record is stored before it
   * is visible to other nodes.
   *
   * @throws EnrError for content that does not fit a record; errors of the store
   */
  update(changes: EnrContent): Promise<Enr> {
    return this.#record.update(changes);
  }

  /**
   * Sets the IPv4 endpoint of the record to that of a gateway that forwards to this node. Statements of other nodes do
   * not change it until it is unset.
   *
   * @param endpoint `undefined` to return to `externalIp` or the predicted endpoint
   * @throws DiscoverError `no-endpoint` if the address is not an IPv4 address, `invalid-option`; errors of the store
   */
  async setExternalEndpoint(endpoint: ExternalEndpoint | undefined): Promise<Enr> {
    if (endpoint !== undefined) {
      check.fields('endpoint', endpoint, endpointRules);
      const { ip, tcp, udp } = externalContent(endpoint);
      this.#isIpv4Fixed = true;
      return this.#record.update({ ip, tcp, ...(this.#localAddress && { udp }) });
    }
    const { ip, tcp, udp } = initialContent(this.#configured, this.#localAddress);
    this.#isIpv4Fixed = this.#configured.externalIp !== undefined;
    const predicted = this.#isIpv4Fixed ? undefined : this.#prediction4.endpoint;
    return this.#record.update({
      ip,
      tcp,
      udp,
      ...(predicted && predictedContent(predicted, udp)),
    });
  }

  /**
   * Adds a statement of another node about the external endpoint of this node.
   *
   * @param from address of the other node, which it has proved
   */
  addStatement(from: { readonly host: string; readonly ip: Uint8Array }, endpoint: StatedEndpoint): void {
    const prediction = from.ip.length === 4 ? this.#prediction4 : this.#prediction6;
    prediction.add(from.host, from.ip, endpoint);
  }

  /** Resolves when all updates of the record so far are stored or rejected. */
  flush(): Promise<void> {
    return this.#record.flush();
  }

  #createPrediction(options: LocalNodeOptions, isFixed: () => boolean): EndpointPrediction {
    const { minStatements = 10, statementWindow = 5 * 60_000, clock = systemClock } = options;
    return new EndpointPrediction({
      clock,
      minStatements,
      window: statementWindow,
      maxStatements,
      onChange: (endpoint) => {
        if (isFixed()) return;
        this.#record
          .update(predictedContent(endpoint, this.#record.enr.udp))
          .catch((error: unknown) => storeFailed(this.id, error));
      },
    });
  }
}

/** Rule for a {@link LocalNode}. */
export const localNodeRule: Rule = {
  expected: 'a LocalNode, such as openLocalNode returns',
  fits: (value) => value instanceof LocalNode,
};

/**
 * Opens the local node with the record in the store. The sequence number of the record grows with each change, whether
 * or not discovery is running.
 *
 * @throws DiscoverError `invalid-option`, `no-endpoint`; EnrError for entries that do not fit a record; CryptoError for
 * an invalid private key; errors of the store
 */
export async function openLocalNode(options: LocalNodeOptions): Promise<LocalNode> {
  check.options('openLocalNode', options, rules);
  const { localAddress } = options;
  if (localAddress) check.fields('localAddress', localAddress, addressRules);
  return LocalNode.open(options);
}

function storeFailed(id: NodeId, error: unknown): void {
  publish(() => ({ type: 'store-failed', localId: id, error }));
}
