import { isZero } from '@devp2p/bytes';
import type { EnrContent } from '@devp2p/enr';
import { parseIp } from '@devp2p/ip';
import type { Address } from '../endpoint/udp-socket.ts';
import { DiscoverError } from '../error.ts';

/** Endpoint at which a gateway forwards to this node. */
export interface ExternalEndpoint {
  /** IPv4 address as text. */
  readonly ip: string;
  readonly tcp: number;
  readonly udp: number;
}

/** Configured content of the local record. */
export interface ConfiguredContent {
  readonly entries?: EnrContent | undefined;
  readonly externalIp?: string | undefined;
  readonly externalIp6?: string | undefined;
  readonly tcpPort?: number | undefined;
}

/**
 * Returns the initial content of the local record. The IP address is the configured one, else the one that the socket is
 * bound to, unless that is unspecified (`0.0.0.0`, `::`).
 *
 * @param localAddress address of the UDP socket; `undefined` for a node without one
 * @throws DiscoverError `no-endpoint` for a configured address that is not an IP address of its family
 */
export function initialContent(
  { entries, externalIp, externalIp6, tcpPort }: ConfiguredContent,
  localAddress: Address | undefined,
): EnrContent {
  const bound = localAddress && parseIp(localAddress.host);
  const usable = bound && !isZero(bound) ? bound.length : 0;
  const tcp = tcpPort ?? localAddress?.port ?? 0;
  const ip = checkIp(externalIp, 4) ?? (usable === 4 ? localAddress?.host : undefined);
  const ip6 = checkIp(externalIp6, 16) ?? (usable === 16 ? localAddress?.host : undefined);
  return {
    ...entries,
    ...(ip !== undefined && { ip }),
    ...(ip6 !== undefined && { ip6 }),
    ...(tcp > 0 && { tcp }),
    ...(localAddress && { udp: localAddress.port }),
  };
}

/**
 * Returns the entries of the local record for an endpoint that a gateway forwards.
 *
 * @throws DiscoverError `no-endpoint` if `ip` is not an IPv4 address
 */
export function externalContent({ ip, tcp, udp }: ExternalEndpoint): EnrContent {
  return { ip: checkIp(ip, 4), tcp, udp };
}

/**
 * Returns the entries of the local record for a predicted endpoint.
 *
 * @param udp UDP port in the record, which holds for IPv6 as well if there is no `udp6`
 */
export function predictedContent({ host, port }: Address, udp: number | undefined): EnrContent {
  if (!host.includes(':')) return { ip: host, udp: port };
  return { ip6: host, udp6: port === udp ? undefined : port };
}

function checkIp(host: string | undefined, length: 4 | 16): string | undefined {
  if (host !== undefined && parseIp(host)?.length !== length) {
    const family = length === 4 ? 'IPv4' : 'IPv6';
    throw new DiscoverError('no-endpoint', `${host} is not an ${family} address`);
  }
  return host;
}
