// Connects COUNT peers to a node, in a process of their own, whose resources are not counted as those of the node:
// node crowd.js ENODE COUNT
import { connectPeer, type Guest, loopback } from './guest.ts';

const [enode = '', count = '0'] = process.argv.slice(2);
/** Number of concurrent handshakes, well below the limit of the node, so that none is evicted. */
const width = 20;

const guests: Guest[] = [];
let lost = 0;
while (guests.length < Number(count)) {
  const from = guests.length;
  const arrivals = Array.from({ length: Math.min(width, Number(count) - from) }, (_, i) =>
    connectPeer(enode, loopback(from + i)),
  );
  for (const guest of await Promise.all(arrivals)) {
    guests.push(guest);
    void guest.peer.closed.then(() => lost++);
  }
}
// Responds to each message with the number of connected peers; ends with the parent process.
process.on('message', () => process.send?.(guests.length - lost));
process.on('disconnect', () => process.exit());
process.send?.(guests.length);
