import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, type RandomBytes, randomBytes } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import type { UdpSocket } from '@devp2p/discv4';
import {
  bytes,
  type Checker,
  createChecker,
  func,
  integer,
  methods,
  object,
  positive,
  type Rules,
  required,
  secret,
  string,
  uint,
} from '@devp2p/options';
import type { ChainFilter } from '../model/chain-filter.ts';
import { CrawlerError } from '../model/error.ts';
import type { Dial } from './dial.ts';

/** How nodes are asked. Times are in milliseconds. */
export interface VisitSettings {
  /** Ours, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** What we say that we are. @default 'devp2p-crawler' */
  readonly clientId?: string | undefined;
  /** IP address to bind for discovery. @default `::`, or `0.0.0.0` where there is no IPv6 */
  readonly host?: string | undefined;
  /** UDP port to bind for discovery. @default 0, any that is free */
  readonly port?: number | undefined;
  /** The chain that the step `chain` is about. @default any that a Status names */
  readonly network?: ChainFilter | undefined;
  /** For an answer over UDP; what is not answered is asked once more. @default 3000 */
  readonly requestTimeout?: number | undefined;
  /** To open a connection. @default 10_000 */
  readonly connectTimeout?: number | undefined;
  /** For each of the RLPx handshake, Hello, Status and the header. @default 15_000 */
  readonly handshakeTimeout?: number | undefined;
  /** Between two connections to one IP address; a LAN's and this machine's are not held back. @default 35_000 */
  readonly dialInterval?: number | undefined;
  /** Age of its head up to which a node is synced. @default 60_000 */
  readonly maxHeadAge?: number | undefined;
  /** Questions over UDP, all nodes together. @default 4000 */
  readonly packetsPerSecond?: number | undefined;
  /** Connections, all nodes together. @default 400 */
  readonly dialsPerSecond?: number | undefined;
  /** Visits at a time; most of those who are named are not there, and are waited for in vain. @default 4096 */
  readonly maxVisits?: number | undefined;
  /** Visits at a time of nodes that have answered. @default 256 */
  readonly maxActive?: number | undefined;
  /** For discovery, instead of one that is bound. */
  readonly socket?: UdpSocket | undefined;
  /** Opens streams to nodes. @default TCP and RLPx */
  readonly dial?: Dial | undefined;
  /** @default `fastCrypto` */
  readonly crypto?: Crypto | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
  /** @default the machine's */
  readonly random?: RandomBytes | undefined;
}

/** {@link VisitSettings} with nothing left open that has a default. */
export interface VisitDefaults {
  readonly clientId: string;
  readonly requestTimeout: number;
  readonly connectTimeout: number;
  readonly handshakeTimeout: number;
  readonly dialInterval: number;
  readonly maxHeadAge: number;
  readonly packetsPerSecond: number;
  readonly dialsPerSecond: number;
  readonly maxVisits: number;
  readonly maxActive: number;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

export const check: Checker = createChecker(CrawlerError, 'invalid-option');

export const visitRules: Rules<VisitSettings> = {
  privateKey: required(secret(bytes(32))),
  clientId: string,
  host: string,
  port: integer(0, 65_535),
  network: object,
  requestTimeout: positive,
  connectTimeout: positive,
  handshakeTimeout: positive,
  dialInterval: positive,
  maxHeadAge: positive,
  packetsPerSecond: positive,
  dialsPerSecond: positive,
  maxVisits: positive,
  maxActive: positive,
  socket: methods('send', 'onMessage', 'close'),
  dial: func,
  crypto: methods('keccak256'),
  clock: methods('now', 'monotonic', 'setTimeout'),
  random: func,
};

const chainRules: Rules<ChainFilter> = {
  networkId: uint(64),
  genesis: bytes(32),
  forkId: object,
  forks: object,
};

/** @throws CrawlerError `invalid-option` */
export function checkNetwork({ network }: VisitSettings): void {
  if (network !== undefined) check.options('network', network, chainRules);
}

/** Fills in what has a default. */
export function withDefaults(options: VisitSettings): VisitDefaults {
  return {
    clientId: options.clientId ?? 'devp2p-crawler',
    requestTimeout: options.requestTimeout ?? 3_000,
    connectTimeout: options.connectTimeout ?? 10_000,
    handshakeTimeout: options.handshakeTimeout ?? 15_000,
    dialInterval: options.dialInterval ?? 35_000,
    maxHeadAge: options.maxHeadAge ?? 60_000,
    packetsPerSecond: options.packetsPerSecond ?? 4_000,
    dialsPerSecond: options.dialsPerSecond ?? 400,
    maxVisits: options.maxVisits ?? 4_096,
    maxActive: options.maxActive ?? 256,
    crypto: options.crypto ?? fastCrypto,
    clock: options.clock ?? systemClock,
    random: options.random ?? randomBytes,
  };
}
