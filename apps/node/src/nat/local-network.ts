import { networkInterfaces } from 'node:os';
import { formatIp, ipClass, parseIp } from '@devp2p/ip';

/** An IPv4 address of this machine behind a gateway. */
export interface LanAddress {
  readonly address: string;
  /** Addresses at which a gateway may be. */
  readonly gateway: string;
}

/** The local networks in which gateways are searched. */
export interface LocalNetwork {
  lanAddresses(): readonly LanAddress[];
  /** Where UPnP devices listen for searches. */
  readonly ssdp: { readonly host: string; readonly port: number };
  /** UDP port of NAT-PMP. */
  readonly pmpPort: number;
}

/** The network of this machine; group and ports as UPnP Device Architecture 1.1 and RFC 6886 have them. */
export const localNetwork: LocalNetwork = {
  lanAddresses: () => lanAddresses(networkInterfaces()),
  ssdp: { host: '239.255.255.250', port: 1900 },
  pmpPort: 5351,
};

/** The private addresses of a machine. A gateway is looked for at the first of its network, as go-ethereum does. */
export function lanAddresses(all: ReturnType<typeof networkInterfaces>): LanAddress[] {
  return Object.values(all).flatMap((interfaces = []) =>
    interfaces.flatMap(({ address, netmask, internal }) => {
      const ip = parseIp(address);
      const mask = parseIp(netmask);
      if (internal || ip?.length !== 4 || mask?.length !== 4 || ipClass(ip) !== 'lan') return [];
      const gateway = ip.map((byte, i) => (byte & (mask[i] ?? 0)) | (i === 3 ? 1 : 0));
      return [{ address, gateway: formatIp(gateway) }];
    }),
  );
}
