// A server that sends the time and has room for one client. The second client is refused.
import { generatePrivateKey, nobleCrypto } from '@devp2p/crypto';
import { type MessageStream, openPeer, protocol } from '@devp2p/peer';
import { connect, listen } from '@devp2p/rlpx/tcp';

const time = { name: 'time', version: 1, length: 2 } as const;
const server = protocol({
  ...time,
  run: async (channel) => {
    for await (const _ of channel) await channel.send(1, new TextEncoder().encode('ten past four'));
  },
});
const client = protocol({
  ...time,
  run: async (channel) => {
    await channel.send(0, new Uint8Array());
    for await (const { payload } of channel) console.log(new TextDecoder().decode(payload));
  },
});

let free = 1;
const accept = () => (free-- > 0 ? undefined : 'too-many-peers');
const serve = (stream: MessageStream) =>
  void openPeer(stream, { protocols: [server], accept }).catch(() => {}); // the refused client

const privateKey = generatePrivateKey();
const listener = await listen({ privateKey, host: '127.0.0.1', port: 0, onStream: serve });
const { host, port: tcp } = listener.address;
const node = { id: nobleCrypto.secp256k1.publicKey(privateKey), host, tcp };
const dial = () => connect(node, { privateKey: generatePrivateKey() });

const first = await openPeer(await dial(), { clientId: 'first/1.0', protocols: [client] });
const second = await openPeer(await dial(), { clientId: 'second/1.0', protocols: [client] });
console.log(await second.closed); // { reason: 'too-many-peers', direction: 'remote', … }
await first.disconnect('quitting');
await listener.close();
