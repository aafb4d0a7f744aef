// A protocol of your own, tested without a socket and without waiting. It also runs beside eth({ chain }).
import { createVirtualClock } from '@devp2p/clock/virtual';
import { openPeer, protocol } from '@devp2p/peer';
import { streamPair } from '@devp2p/peer/pipe';

const chat = protocol({
  name: 'chat',
  version: 1,
  length: 1,
  run: async (channel, peer) => {
    await channel.send(0, new TextEncoder().encode(`hello ${peer.hello.clientId}`));
    for await (const { payload } of channel) {
      console.log(`${peer.hello.clientId} says: ${new TextDecoder().decode(payload)}`);
    }
  },
});

const clock = createVirtualClock();
const [a, b] = streamPair();
const [bob, alice] = await Promise.all([
  openPeer(a, { clock, clientId: 'alice', protocols: [chat] }),
  openPeer(b, { clock, clientId: 'bob', protocols: [chat] }),
]);
await clock.advance(15_000); // one keep-alive later

const { received, minPing } = bob.stats;
console.log(`bob sent ${received.messages} messages, its ping is ${minPing} ms`); // 4 … 0 ms

void bob.disconnect('too-many-peers');
await clock.advance(0);
const { reason, direction } = await alice.closed;
console.log(`${direction} end: ${reason}`); // remote end: too-many-peers
console.log(`timers left: ${clock.pending}`); // 0
