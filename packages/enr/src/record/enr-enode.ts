import { parseIp } from '@devp2p/ip';
import { object, type Rule, type Rules, required, string } from '@devp2p/options';
import { check } from '../check-options.ts';
import { type Enode, InspectableEnode } from '../enode/enode.ts';
import type { Enr } from './enr.ts';
import { EnrError } from './enr-error.ts';
import type { EnrContent } from './enr-sign.ts';

/** Options of {@link enodeFromEnr}. */
export interface EnodeFromEnrOptions {
  /** Address family: 4 or 6. @default IPv4 if the record has such an address, else IPv6 */
  family?: 4 | 6 | undefined;
}

const familyRule: Rule = { expected: '4 or 6', fits: (value) => value === 4 || value === 6 };
const rules: Rules<EnodeFromEnrOptions> = { family: familyRule };

/**
 * Returns the identity and endpoint in a record; `undefined` if it has no address of the family. Missing ports are 0. The
 * ports for IPv4 are also used for IPv6 if the record has no others (EIP-778).
 *
 * @throws {@link EnrError} `invalid-option`
 */
export function enodeFromEnr(enr: Enr, options: EnodeFromEnrOptions = {}): Enode | undefined {
  check.value('enr', enr, object);
  check.options('enodeFromEnr', options, rules);
  const { family } = options;
  const { id, ip, ip6, tcp = 0, udp = 0 } = enr;
  if (ip !== undefined && family !== 6) return new InspectableEnode({ id, host: ip, tcp, udp });
  if (ip6 === undefined || family === 4) return undefined;
  return new InspectableEnode({ id, host: ip6, tcp: enr.tcp6 ?? tcp, udp: enr.udp6 ?? udp });
}

/**
 * Returns the entries for an endpoint, for `signEnr` and `updateEnr`: the address, and the ports that are not 0.
 *
 * @throws {@link EnrError} `invalid-value` if the host is a host name; `invalid-option`
 */
export function enrContentFromEnode(node: Enode): EnrContent {
  check.fields('node', node, { host: required(string) });
  const { host, tcp, udp } = node;
  const ip = parseIp(host);
  if (!ip)
    throw new EnrError('invalid-value', `${JSON.stringify(host.slice(0, 64))} is not an IP address`, { key: 'ip' });
  const [tcpPort, udpPort] = [tcp || undefined, udp || undefined];
  return ip.length === 4 ? { ip: host, tcp: tcpPort, udp: udpPort } : { ip6: host, tcp6: tcpPort, udp6: udpPort };
}
