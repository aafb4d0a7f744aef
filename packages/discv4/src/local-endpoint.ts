import { type EnrContent, parseIp } from '@devp2p/enr';
import { Discv4Error } from './error.ts';
import type { Settings } from './options.ts';
import type { Address } from './socket.ts';

/** Where others reach us. */
export interface ExternalEndpoint {
  /** IPv4 address as text. */
  readonly ip: string;
  readonly tcp: number;
  readonly udp: number;
}

/**
 * What our record says at the start. The address is the configured one, else the one that the socket is bound to if
 * that is one and not all of them.
 *
 * @throws Discv4Error `no-endpoint` when a configured address is none.
 */
export function initialContent(
  { entries, externalIp, externalIp6, tcpPort }: Settings,
  { host, port }: Address,
): EnrContent {
  const bound = parseIp(host);
  const usable = bound?.some((byte) => byte !== 0) ? bound.length : 0;
  const tcp = tcpPort ?? port;
  const ip = configured(externalIp, 4) ?? (usable === 4 ? host : undefined);
  const ip6 = configured(externalIp6, 16) ?? (usable === 16 ? host : undefined);
  return {
    ...entries,
    ...(ip !== undefined && { ip }),
    ...(ip6 !== undefined && { ip6 }),
    ...(tcp > 0 && { tcp }),
    udp: port,
  };
}

/**
 * What our record says while a gateway passes on to us what comes to an address and ports of its own.
 *
 * @throws Discv4Error `no-endpoint` for what is no IPv4 address.
 */
export function externalContent({ ip, tcp, udp }: ExternalEndpoint): EnrContent {
  return { ip: configured(ip, 4), tcp, udp };
}

/** What our record says once others see us at an endpoint. */
export function predictedContent({ host, port }: Address, udp: number | undefined): EnrContent {
  if (!host.includes(':')) return { ip: host, udp: port };
  return { ip6: host, udp6: port === udp ? undefined : port };
}

function configured(host: string | undefined, length: 4 | 16): string | undefined {
  if (host !== undefined && parseIp(host)?.length !== length) {
    throw new Discv4Error('no-endpoint', `${host} is no IPv${length === 4 ? 4 : 6} address`);
  }
  return host;
}
