// Changes a chain in a loop, and prints the new head before and after each change. Needs a build.
import { readFileSync, writeSync } from 'node:fs';
import { systemClock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { Reader } from '@devp2p/rlp';
import { openChain } from '../../dist/chain/chain.js';
import { decodeBlock, decodeReceiptsRecord } from '../../dist/chain/files/block-rlp.js';
import { parseGenesis } from '../../dist/config/genesis/genesis.js';

const [location, genesisFile, branchFile, forkFile, seed] = process.argv.slice(2);

/** Reads pairs of a block and its receipts. */
function readBlocks(file) {
  const reader = new Reader(readFileSync(file));
  const blocks = [];
  while (!reader.done) {
    const block = decodeBlock(reader.item(), crypto);
    blocks.push({ ...block, receipts: decodeReceiptsRecord(reader.item()).receipts });
  }
  return blocks;
}

let state = Number(seed);
function random(below) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 8) % below;
}

function say(word, { number, hash }) {
  writeSync(1, `${word} ${number} ${Buffer.from(hash).toString('hex')}\n`);
}

const genesis = parseGenesis(readFileSync(genesisFile, 'utf8'), crypto);
const branch = readBlocks(branchFile);
const fork = readBlocks(forkFile);
const root = fork[0].header.number - 1;
try {
  const chain = await openChain({ location, genesis, clock: systemClock, crypto });
  say('done', chain.head);
  for (;;) {
    const { number } = chain.head;
    const choice = random(10);
    if (number >= branch.length || choice === 9) {
      const to = random(number + 1);
      say('plan', to === 0 ? genesis.header : await chain.header(to));
      await chain.truncate(to);
    } else {
      const onBranch = number === 0 || branch[number - 1].header.hash.every((byte, i) => byte === chain.head.hash[i]);
      let next = branch.slice(number, number + 1 + random(30));
      if (!onBranch) next = branch.slice(root, root + 40);
      else if (number > root && choice === 8) next = fork;
      say('plan', next.at(-1).header);
      await chain.append(next);
    }
    say('done', chain.head);
  }
} catch (error) {
  writeSync(1, `failed ${error.code} ${error.message}\n`);
  process.exit(1);
}
