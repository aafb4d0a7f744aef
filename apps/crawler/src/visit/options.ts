import { type Clock, systemClock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import type { UdpSocket } from '@devp2p/discv4';
import {
  bytes,
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
import { type RandomBytes, randomBytes } from '@devp2p/random';
import type { ChainFilter } from '../model/chain-filter.ts';
import { check } from '../model/check-options.ts';
import type { Dial } from './dial.ts';

/** Settings of visits. Times are in milliseconds. */
export interface VisitSettings {
  /** Private key of the crawler, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** Client id in Hello. @default 'devp2p-crawler' */
  readonly clientId?: string | undefined;
  /** IP address to bind for discovery. @default `::`, or `0.0.0.0` without IPv6 */
  readonly host?: string | undefined;
  /** UDP port to bind for discovery. @default 0, a free port */
  readonly port?: number | undefined;
  /** The requested chain, for the step `chain`. @default any chain */
  readonly network?: ChainFilter | undefined;
  /** Timeout of a UDP request, which is sent twice. @default 3000 */
  readonly requestTimeout?: number | undefined;
  /** Timeout of a TCP connection. @default 10_000 */
  readonly connectTimeout?: number | undefined;
  /** Timeout of each of the RLPx handshake, Hello, Status and the header. @default 15_000 */
  readonly handshakeTimeout?: number | undefined;
  /** Interval between two dials of one IP address; LAN and loopback addresses are exempt. @default 35_000 */
  readonly dialInterval?: number | undefined;
  /** Age of the head up to which a node counts as synced. @default 60_000 */
  readonly maxHeadAge?: number | undefined;
  /** UDP requests per second, all nodes together. @default 4000 */
  readonly packetsPerSecond?: number | undefined;
  /** Dials per second, all nodes together. @default 400 */
  readonly dialsPerSecond?: number | undefined;
  /** Concurrent visits. Most reported nodes do not answer, so most visits wait for a timeout. @default 4096 */
  readonly maxVisits?: number | undefined;
  /** Concurrent visits of nodes that answered. @default 256 */
  readonly maxActive?: number | undefined;
  /** UDP socket for discovery, used instead of binding one. */
  readonly socket?: UdpSocket | undefined;
  /** Opens authenticated streams. @default TCP and RLPx */
  readonly dial?: Dial | undefined;
  /** @default `fastCrypto` */
  readonly crypto?: Crypto | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
  /** @default the system's random source */
  readonly random?: RandomBytes | undefined;
}

/** {@link VisitSettings} with defaults applied. */
export interface ResolvedVisitSettings {
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

/** Applies the defaults. */
export function withDefaults(options: VisitSettings): ResolvedVisitSettings {
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
