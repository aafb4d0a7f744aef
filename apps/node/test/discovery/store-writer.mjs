// Stores increasing numbers in a node database until it is killed, and prints each after it is stored. Needs a build.
import { writeSync } from 'node:fs';
import { openNodeDatabase } from '../../dist/storage/discovery-nodes.js';

const store = await openNodeDatabase(process.argv[2]);
for (let count = 0; ; count++) {
  await store.put('local/count', Uint8Array.of(count >> 16, count >> 8, count));
  await store.put(`node/${count}`, new Uint8Array(300));
  writeSync(1, `${count}\n`);
}
