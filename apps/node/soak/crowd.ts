// A process of guests, so that what they cost is not taken for what the node costs: node crowd.js ENODE COUNT
import { type Guest, loopback, visit } from './guest.ts';

const [enode = '', count = '0'] = process.argv.slice(2);
/** As many as the node lets in at once by far, so that nobody has to come again. */
const width = 20;

const guests: Guest[] = [];
let lost = 0;
while (guests.length < Number(count)) {
  const from = guests.length;
  const arrivals = Array.from({ length: Math.min(width, Number(count) - from) }, (_, i) =>
    visit(enode, loopback(from + i)),
  );
  for (const guest of await Promise.all(arrivals)) {
    guests.push(guest);
    void guest.peer.closed.then(() => lost++);
  }
}
// Asked how many are left, it says so; everybody leaves when the one who asks has gone.
process.on('message', () => process.send?.(guests.length - lost));
process.on('disconnect', () => process.exit());
process.send?.(guests.length);
