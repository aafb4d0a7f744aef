// Keeps three connections over plain TCP on this machine: a closed connection is replaced by another.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { createConnManager } from '@devp2p/connmgr';

const host = '127.0.0.1';
const serve = () => createServer((socket) => socket.resume()).listen(0, host);
const servers = [serve(), serve(), serve(), serve()];
await Promise.all(servers.map((server) => once(server, 'listening')));
const ports = servers.map((server) => (server.address() as AddressInfo).port);

const manager = createConnManager(
  {
    nextAddress: () => ports.shift(),
    dial: async (port: number, { signal }) => {
      const socket = connect({ host, port, signal });
      await once(socket, 'connect');
      return { close: () => socket.destroy(), closed: once(socket, 'close') };
    },
    onConnection: (_, { id }) => {
      console.log(`connection ${id} established`);
      if (id === 3) manager.disconnect(id);
      if (id === 4) void manager.stop();
    },
    onDisconnection: (_, { id }, reason) =>
      console.log(`connection ${id} closed: ${reason ?? 'by the remote'}`),
  },
  { targetOutbound: 3 },
);

manager.start();
await manager.stopped;
console.log(`${manager.snapshot().counters.dials} dials`); // 4 dials
for (const server of servers) server.close();
