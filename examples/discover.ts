// Two protocols on one UDP socket: discovery v4, and one that returns each packet. They share the node record.
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { createUdpEndpoint, openLocalNode } from '@devp2p/discover';
import { bindUdp } from '@devp2p/discover/udp';
import { listen } from '@devp2p/discv4/udp';

async function start() {
  const privateKey = generatePrivateKey();
  const endpoint = createUdpEndpoint(await bindUdp({ host: '127.0.0.1', port: 0 }));
  const localAddress = endpoint.localAddress;
  const localNode = await openLocalNode({ privateKey, localAddress, crypto });
  const discovery = await listen({ socket: endpoint, localNode, privateKey, crypto });
  return { endpoint, localNode, discovery };
}
const [a, b] = [await start(), await start()];
const { host, port } = b.endpoint.localAddress;

// A packet goes to the readers in order, until one returns true. The first is that of discovery v4.
b.endpoint.addReader((bytes, from) => {
  b.endpoint.send(bytes, from);
  return true;
});
const echo = new Promise<string>((resolve) => {
  a.endpoint.addReader((bytes) => {
    resolve(new TextDecoder().decode(bytes));
    return true;
  });
});
a.endpoint.send(new TextEncoder().encode('hello'), { host, port });
console.log(await echo); // hello

await b.localNode.update({ tcp: 30303 });
const record = await a.discovery.requestEnr({ id: b.localNode.id, host, udp: port });
console.log(`TCP port ${record.tcp}`); // TCP port 30303

for (const { discovery, endpoint } of [a, b]) {
  await discovery.close();
  await endpoint.close();
}
