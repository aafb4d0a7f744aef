/**
 * A network on loopback, to be crawled. Prints a line about itself, then one per node, and runs until its input ends or
 * a signal is received:
 *
 * {"bootnode":"enode://…","networkId":1337,"nodes":1000}
 * {"id":"…","kind":"honest","reaches":"synced"}
 */
import { parseArgs } from 'node:util';
import { toHex } from '@devp2p/bytes';
import { networkId } from './chains.ts';
import { kinds } from './kinds.ts';
import { startNetwork } from './network.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    mixed: { type: 'boolean', default: false },
  },
});
const count = Number(values.nodes);
if (!Number.isInteger(count) || count < 2 || count > 60_000) {
  throw new RangeError(`--nodes is ${values.nodes}, not a number from 2 to 60000`);
}

let shown = 0;
const nodes = await startNetwork({
  nodes: count,
  mixed: values.mixed,
  onProgress(share) {
    const percent = Math.floor(100 * share);
    if (percent < shown + 20) return;
    shown = percent;
    process.stderr.write(`${percent} % of the tables are filled\n`);
  },
});
print({ bootnode: nodes[0]?.enode, networkId: Number(networkId), nodes: count });
for (const { discovery, kind } of nodes) {
  print({ id: toHex(discovery.id), kind, reaches: kinds[kind].reaches });
}
process.stdin.resume();
process.stdin.on('end', () => process.exit());

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
