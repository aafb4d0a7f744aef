// Writes batches like a crawl until it is killed, and prints the number of each committed batch. Imports the build output.
import { writeSync } from 'node:fs';
import { openLevelStore } from '../../dist/store/level/level-store.js';

const store = await openLevelStore(process.argv[2]);
const idOf = (number) => new Uint8Array(64).fill(7).map((byte, i) => (i < 60 ? byte : number >> (8 * (i - 60))));
let from = 0;
for await (const session of store.sessions()) {
  from = session.visits;
  break;
}
const funnel = Object.fromEntries(
  ['discovered', 'bonded', 'tcp', 'authenticated', 'hello', 'status', 'chain', 'synced'].map((name) => [name, 0]),
);
for (let batch = from + 1; ; batch++) {
  // Each batch adds a node, changes the node of the previous batch, and removes an old one.
  const node = (number) => ({
    id: idOf(number),
    endpoint: { ip: '10.0.0.1', udp: 1, tcp: 1 },
    trust: 'gossiped',
    origin: 'gossip',
    status: 'discovered',
    firstSeen: 1,
    visits: batch,
    failures: 0,
    dueAt: batch * 10 + (number % 10),
    enr: `enr:${'x'.repeat(300)}`,
  });
  await store.commit({
    nodes: [node(batch), ...(batch > 1 ? [node(batch - 1)] : [])],
    removed: batch > 50 ? [idOf(batch - 50)] : [],
    visits: [{ id: idOf(batch), at: batch, status: 'discovered', steps: [] }],
    neighbors: [{ id: idOf(batch), neighbors: [idOf(batch - 1)] }],
    session: {
      startedAt: 1,
      visits: batch,
      rollup: { at: batch, funnel, disconnects: {}, errors: {}, gossiped: 0, verified: 0 },
    },
  });
  writeSync(1, `${batch}\n`);
}
