// Starts a local network with a boot node and three nodes, and finds all of them from a fifth node.
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { listen } from '@devp2p/discv4/udp';
import { formatEnode } from '@devp2p/enr';

const local = { crypto, host: '127.0.0.1', port: 0 };
const boot = await listen({ ...local, privateKey: generatePrivateKey() });
const { host, port } = boot.localAddress;
const bootnodes = [formatEnode({ id: boot.id, host, tcp: port, udp: port })];
const start = () => listen({ ...local, privateKey: generatePrivateKey(), bootnodes });
const others = await Promise.all([start(), start(), start()]);

// A node on the internet needs only this part.
const discovery = await start();
const stop = new AbortController();
const found = new Set<string>();
for await (const node of discovery.randomNodes({ signal: stop.signal })) {
  if (!found.has(node.enode)) console.log(node.enode);
  if (found.add(node.enode).size === 4) stop.abort();
}

const [first] = others;
if (first) {
  // The signed record of a node; its `eth` entry announces the chain.
  await first.updateLocalEnr({ eth: { hash: Uint8Array.of(0x07, 0xc9, 0x46, 0x2e), next: 0n } });
  const node = await discovery.resolve({ id: first.id, host, udp: first.localAddress.port });
  console.log(`record ${node.enr?.seq}, fork ${node.enr?.eth?.hash}`);
}
await Promise.all([boot, ...others, discovery].map((one) => one.close()));
