import type { Crypto } from '@devp2p/crypto';
import type { Node } from '@devp2p/discv4';
import { listen } from '@devp2p/discv4/udp';
import { discv4Cases, type MakeNetwork } from './discv4-cases.ts';
import type { Cases } from './serve.ts';

export function ourDiscv4Cases(crypto: Crypto): Cases {
  return discv4Cases(networkOf(crypto), crypto);
}

const networkOf =
  (crypto: Crypto): MakeNetwork =>
  async (privateKey, others) => {
    const start = (key: Uint8Array) =>
      listen({ privateKey: key, crypto, host: '127.0.0.1', port: 0, refreshLookups: 0 });
    const requester = await start(privateKey);
    const nodes = await Promise.all(others.map(start));
    const all = [...nodes, requester];
    for (const node of all) {
      const { id, localAddress } = node;
      const contact = { id, host: localAddress.host, udp: localAddress.port };
      while (node.nodes().length < others.length) {
        for (const other of all) if (other !== node) await other.ping(contact);
      }
    }
    const byPort = new Map(requester.nodes().map((node) => [node.udp, node]));
    const known = nodes.map(({ localAddress }) => byPort.get(localAddress.port) as Node);
    const at = (node: number) => known[node] as Node;
    return {
      async ping(node) {
        const { to } = await requester.ping(at(node));
        if (to.udp !== requester.localAddress.port)
          throw new Error(`pong is for port ${to.udp}, expected ${requester.localAddress.port}`);
      },
      findNode: (node, target) => requester.findNode(at(node), target),
      ids: new Map(all.map(({ id, localAddress }) => [localAddress.port, id])),
    };
  };
