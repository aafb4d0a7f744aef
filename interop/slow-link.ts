import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatEnode, parseEnode } from '@devp2p/enr';

/** A TCP relay to a node. */
export interface SlowLink {
  /** URL of the node with the endpoint of the relay. */
  readonly enode: string;
  stop(): Promise<void>;
}

/** A loopback relay that delivers each byte that the node sends `latency` ms later, and all others at once. */
export async function startSlowLink(enode: string, latency: number): Promise<SlowLink> {
  const node = parseEnode(enode);
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const remote = connect({ host: node.host, port: node.tcp, noDelay: true });
    for (const socket of [client, remote]) {
      sockets.add(socket);
      // A reset by one side must not discard the delayed bytes to the other.
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    client.pipe(remote);
    remote.on('data', async (bytes) => {
      await sleep(latency);
      if (client.writable) client.write(bytes);
    });
    remote.on('close', async () => {
      await sleep(latency);
      client.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    enode: formatEnode({ ...node, tcp: port, udp: port }),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
