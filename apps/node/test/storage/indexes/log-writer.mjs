// Builds the index of logs of a chain, and then shortens the chain step by step. Prints each step. Needs a build.
import { readFileSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { openChain } from '../../../dist/chain/chain.js';
import { parseGenesis } from '../../../dist/config/genesis/genesis.js';

const [location, genesisFile, step] = process.argv.slice(2);
const genesis = parseGenesis(readFileSync(genesisFile, 'utf8'), crypto);
const say = (...words) => writeSync(1, `${words.join(' ')}\n`);

const chain = await openChain({ location, genesis, crypto, clock: systemClock, logHistory: 0 });
say('step', 'open');
for (let last = chain.logIndex.remaining; last > 0; await turn()) {
  const { remaining } = chain.logIndex;
  if (remaining !== last) say('step', 'built', remaining);
  last = remaining;
}
while (chain.head.number > Number(step)) {
  await chain.truncate(chain.head.number - Number(step));
  say('step', 'head', chain.head.number);
}
await chain.close();
say('complete');
