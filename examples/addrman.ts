// Stores addresses from two sources, selects one to dial, and restores the addresses after a restart.
import { type AddrStore, openAddrMan } from '@devp2p/addrman';
import { formatIp } from '@devp2p/ip';

const files = new Map<string, Uint8Array>();
const store: AddrStore = {
  load: async () => files.get('addresses'),
  save: async (snapshot) => void files.set('addresses', snapshot),
  setAside: async (snapshot) => void files.set('addresses.later', snapshot),
};
const node = (n: number, ...ip: number[]) => {
  const address = { ip: Uint8Array.from(ip), tcp: 30303, udp: 30303 };
  return { id: new Uint8Array(64).fill(n), address };
};

const addresses = await openAddrMan({ store });
// 1,000 false addresses in the network of an attacker, and three real ones from a DNS list.
const swarm = Array.from({ length: 1000 }, (_, n) => node(n % 250, 66, 6, 6, n % 256));
const attacker = Uint8Array.of(66, 6, 6, 6);
console.log(`added of 1,000: ${addresses.add(swarm, { kind: 'peer', ip: attacker })}`);
const honest = [node(251, 20, 1, 1, 1), node(252, 30, 1, 1, 1), node(253, 40, 1, 1, 1)];
addresses.add(honest, { kind: 'list', name: 'enrtree://…@all.mainnet.ethdisco.net' });

const next = addresses.select({ filter: ({ address }) => address.ip[0] !== 66 });
if (next) {
  addresses.attempt(next.id, { countFailure: true });
  console.log(`dialing ${formatIp(next.address.ip)}`);
  addresses.good(next.id); // after both handshakes
}
await addresses.close();

const again = await openAddrMan({ store });
const { size, tried } = again.stats;
console.log(`after a restart: ${size} nodes, ${tried} tried`);
await again.close();
