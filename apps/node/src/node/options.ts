import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { ResolveTxt } from '@devp2p/dnsdisc';
import type { Enode } from '@devp2p/enr';
import type { IpRange } from '@devp2p/ip';
import type { RandomBytes } from '@devp2p/random';
import type { BuildSettings } from '../engine/payload-builder.ts';
import type { Logs } from '../logging/log.ts';
import type { ReportProgress } from '../logging/progress.ts';
import type { NatMethod } from '../nat/find.ts';
import type { LocalNetwork } from '../nat/local-network.ts';
import type { MetricsSettings } from '../observability/metrics/server.ts';
import type { AuthrpcSettings, HttpSettings, WebSocketSettings } from '../rpc/settings.ts';
import type { TxpoolSettings } from '../txpool/settings.ts';
import type { ChainChoice, ExecutionChoice } from './open-chain.ts';

/** Settings and collaborators of `createNode`. */
export type NodeOptions = ChainChoice & NodeSettings;

/** Options of `createNode`, except the choice of the chain. */
export interface NodeSettings extends ExecutionChoice {
  /** Directory of the node's key and databases; created if it is missing. Locked by the running node. */
  datadir: string;
  /** Network id sent to peers. @default the genesis' chain id */
  networkId?: bigint | undefined;
  /** Private key, 32 bytes. @default the one in `datadir/nodekey`, created at the first start */
  privateKey?: Uint8Array | undefined;
  /** IP address to listen on. @default '0.0.0.0' */
  host?: string | undefined;
  /** TCP port to listen on; 0 selects a free one. @default 30303 */
  port?: number | undefined;
  /**
   * IP address at which others can reach the node.
   *
   * @default the one reported by other nodes, or the one it listens on
   */
  externalIp?: string | undefined;
  /**
   * Maps the ports at a gateway, and announces its address in the record; not with `externalIp`.
   *
   * @default no mapping
   */
  nat?: NatMethod | undefined;
  /** Whether to find nodes and be found, by discv4 and DNS. @default true */
  discovery?: boolean | undefined;
  /** UDP port to listen on; 0 selects a free one. @default the TCP port, or for port 0 another one if that is in use */
  discoveryPort?: number | undefined;
  /**
   * Nodes to find others through, as `enode://` URLs (host names allowed) or `enr:` texts.
   * @default those of the `network`; none with a genesis of its own or when listening on loopback
   */
  bootnodes?: readonly string[] | undefined;
  /** `enrtree://` URLs of node lists in DNS. @default as for `bootnodes` */
  dnsLists?: readonly string[] | undefined;
  /** Networks to which discovery and connections are restricted; static nodes are dialed anywhere. @default all */
  netRestrict?: readonly IpRange[] | undefined;
  /** Name within the client id. @default none */
  identity?: string | undefined;
  /** Versions of the eth protocol to offer, of 70, 69 and 68. @default [70, 69], as `@devp2p/eth` */
  ethVersions?: readonly number[] | undefined;
  /**
   * Whether new blocks are exchanged with peers, and the longest chain of all peers is followed: for proof-of-authority
   * and development chains, since any peer can extend such a chain. Not with a `network`. @default false
   */
  blockGossip?: boolean | undefined;
  /** Whether the program makes the blocks of the chain, so that the node does not wait for peers. @default false */
  makesBlocks?: boolean | undefined;
  /**
   * Hashes, 32 bytes, by block number: peers and blocks of another chain are refused. As go-ethereum's
   * `eth.requiredblocks`. @default none
   */
  requiredBlocks?: ReadonlyMap<number, Uint8Array> | undefined;
  /**
   * Blocks that a reorganization replaces are kept until the head is more than this number of blocks above them.
   * @default 128
   */
  sideBlockDepth?: number | undefined;
  /**
   * Recent blocks whose transactions can be found by hash; 0 for all blocks, `false` for no index. The index of stored
   * blocks is built in the background. @default 2_350_000, a year of mainnet (go-ethereum)
   */
  transactionHistory?: number | false | undefined;
  /**
   * Recent blocks whose logs are indexed by address and topic; 0 for all blocks, `false` for no index. Logs of other
   * blocks are found by reading the headers. @default 2_350_000 (go-ethereum)
   */
  logHistory?: number | false | undefined;
  /** Nodes to stay connected to, as `enode://` URLs or parsed. @default none */
  staticNodes?: readonly (Enode | string)[] | undefined;
  /** Whether to dial nodes that discovery finds, as go-ethereum's `NoDial` in reverse. @default true */
  dialFound?: boolean | undefined;
  /** Nodes that are accepted beyond the limits, as `enode://` URLs or parsed. @default none */
  trustedNodes?: readonly (Enode | string)[] | undefined;
  /** Most peers at once, static and trusted ones not counted. @default 50, as go-ethereum */
  maxPeers?: number | undefined;
  /** One peer in this number is dialed, the others are inbound. @default 3, as go-ethereum (`defaultDialRatio`) */
  dialRatio?: number | undefined;
  /** Most inbound handshakes under way at once. @default 50, as go-ethereum */
  maxPendingPeers?: number | undefined;
  /** JSON-RPC over HTTP, and `/health`. @default not served */
  http?: HttpSettings | undefined;
  /** JSON-RPC over WebSocket. @default not served */
  ws?: WebSocketSettings | undefined;
  /** JSON-RPC for a consensus client, the Engine API among it. @default not served */
  authrpc?: AuthrpcSettings | undefined;
  /** Metrics for Prometheus, and `/health`. @default not measured */
  metrics?: MetricsSettings | undefined;
  /**
   * Hash of the block to sync to, 32 bytes.
   *
   * @default the head from `authrpc`, or else that of `headPeers` or the best block that a static node reports
   */
  syncTarget?: Uint8Array | undefined;
  /**
   * Takes as head what peers in at least this number of networks (/16 of IPv4, /32 of IPv6) announce and serve, until a
   * consensus client names one. It is trusted that fewer networks than that collude. At least 3 on a public network.
   *
   * @default off
   */
  headPeers?: number | undefined;
  /** The pool of transactions, which needs execution. @default see `TxpoolSettings` */
  txpool?: TxpoolSettings | undefined;
  /** How payloads are built for a consensus client, which needs execution. @default see `BuildSettings` */
  building?: BuildSettings | undefined;
  /** Receives the log lines of each module. @default no log */
  logs?: Logs | undefined;
  /** Receives the progress of a running sync. */
  report?: ReportProgress | undefined;
  /**
   * Aborts the start: `createNode` closes everything that it has opened, and rejects with the reason.
   *
   * @default never
   */
  signal?: AbortSignal | undefined;
  /** Looks up node lists in DNS. @default the system's DNS servers */
  resolveTxt?: ResolveTxt | undefined;
  /** Networks in which gateways are searched. @default those of this machine */
  localNetwork?: LocalNetwork | undefined;
  /** @default fastCrypto */
  crypto?: Crypto | undefined;
  /** @default systemClock */
  clock?: Clock | undefined;
  /** @default a cryptographically secure source */
  random?: RandomBytes | undefined;
}
