import { toHex } from '@devp2p/bytes';
import { formatEnode } from '@devp2p/enr';
import { type ClientName, parseClientName, printable } from './client-name.ts';
import type { EthStatus, NodeRecord, RoundTrips } from './node-record.ts';

/** Exported form of a node. Unknown fields are `null`. */
export interface ExportEntry {
  /** Public key, 128 hex digits. */
  readonly id: string;
  readonly enode: string;
  /** `enr:…` */
  readonly enr: string | null;
  readonly ip: string;
  readonly tcp: number;
  readonly udp: number;
  /** Furthest step that the last visit reached. */
  readonly status: NodeRecord['status'];
  /** Evidence for its endpoint. */
  readonly trust: NodeRecord['trust'];
  readonly client: { readonly [Part in keyof ClientName]-?: string | null } | null;
  /** The whole client id, with invisible characters replaced. */
  readonly clientId: string | null;
  /** `name/version` */
  readonly capabilities: readonly string[] | null;
  readonly eth: {
    readonly version: number;
    /** A string from 2⁵³ on, since JSON numbers are not exact there. */
    readonly networkId: number | string;
    readonly genesis: string;
    readonly forkId: { readonly hash: string; readonly next: number | string };
    readonly earliest: number | null;
    readonly latest: number | null;
    readonly latestHash: string;
    /** ISO 8601, like the other times. */
    readonly headTime: string | null;
  } | null;
  /** Whether most of the neighbors that it reported have its own address. */
  readonly sharedAddress: boolean;
  readonly disconnect: string | null;
  readonly error: string | null;
  readonly firstSeen: string;
  readonly lastSeen: string | null;
  /** Shortest round-trip times in milliseconds. */
  readonly rtt: {
    readonly udp: number | null;
    readonly tcp: number | null;
    readonly hello: number | null;
  } | null;
}

/** Returns the exported form of a node. Its text contains no terminal control characters. */
export function exportEntry(node: NodeRecord): ExportEntry {
  const { id, endpoint, client, capabilities, eth, rtt, error } = node;
  const { ip, tcp, udp } = endpoint;
  return {
    id: toHex(id),
    enode: formatEnode({ id, host: ip, tcp, udp }),
    enr: node.enr ?? null,
    ip,
    tcp,
    udp,
    status: node.status,
    trust: node.trust,
    client: client === undefined ? null : clientEntry(client),
    clientId: client === undefined ? null : printable(client),
    capabilities: capabilities?.map(({ name, version }) => printable(`${name}/${version}`)) ?? null,
    eth: eth === undefined ? null : ethEntry(eth),
    sharedAddress: node.sharedAddress ?? false,
    disconnect: node.disconnect ?? null,
    error: error === undefined ? null : printable(error),
    firstSeen: isoTime(node.firstSeen),
    lastSeen: node.lastSeen === undefined ? null : isoTime(node.lastSeen),
    rtt: rtt === undefined ? null : rttEntry(rtt),
  };
}

function clientEntry(clientId: string): ExportEntry['client'] {
  return { name: null, version: null, os: null, language: null, ...parseClientName(clientId) };
}

function ethEntry(eth: EthStatus): ExportEntry['eth'] {
  const { version, networkId, genesis, forkId, earliest, latest, latestHash, headTime } = eth;
  return {
    version,
    networkId: jsonNumber(networkId),
    genesis: `0x${toHex(genesis)}`,
    forkId: {
      hash: `0x${forkId.hash.toString(16).padStart(8, '0')}`,
      next: jsonNumber(forkId.next),
    },
    earliest: earliest ?? null,
    latest: latest ?? null,
    latestHash: `0x${toHex(latestHash)}`,
    headTime: headTime === undefined ? null : isoTime(headTime * 1_000),
  };
}

function rttEntry({ udp, tcp, hello }: RoundTrips): ExportEntry['rtt'] {
  return { udp: microseconds(udp), tcp: microseconds(tcp), hello: microseconds(hello) };
}

/** Rounds milliseconds to microseconds, the precision of the clock. */
function microseconds(milliseconds: number | undefined): number | null {
  return milliseconds === undefined ? null : Math.round(milliseconds * 1_000) / 1_000;
}

function jsonNumber(value: bigint): number | string {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
}

/** Formats a time in ISO 8601. Times after the last valid `Date`, which a remote may send, become that date. */
export function isoTime(milliseconds: number): string {
  return new Date(Math.min(milliseconds, 8.64e15)).toISOString();
}
