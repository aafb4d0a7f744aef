// Moves the head of an executed chain along a plan, and prints each phase when it begins. Needs a build.
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { Reader } from '@devp2p/rlp';
import { openChain } from '../../dist/chain/chain.js';
import { decodeBlock } from '../../dist/chain/files/block-rlp.js';
import { parseGenesis } from '../../dist/config/genesis/genesis.js';
import { executorOf } from '../../dist/execution/open-executor.js';

const [directory, genesisFile, blocksFile, planFile] = process.argv.slice(2);
const genesis = parseGenesis(readFileSync(genesisFile, 'utf8'), crypto);
const { targets, historyDepth, sideBlockDepth } = JSON.parse(readFileSync(planFile, 'utf8'));
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const say = (...words) => writeSync(1, `${words.join(' ')}\n`);

/** Blocks of the uncommitted states from which on a commit writes. */
const commitBlocks = 32;

const blocks = new Map();
for (const reader = new Reader(readFileSync(blocksFile)); !reader.done; ) {
  const block = decodeBlock(reader.item(), crypto);
  blocks.set(hex(block.header.hash), block);
}

let phase = 'idle';
function enter(next) {
  if (phase !== next) say('phase', next);
  phase = next;
}
let isReorganizing = false;

/** An executor that prints when blocks are executed, and when the state is written. */
function watched(executor) {
  let running = 0;
  const leave = () => {
    running--;
    if (running === 0 && !isReorganizing) enter('idle');
  };
  return {
    hasState: true,
    failed: executor.failed,
    get head() {
      return executor.head;
    },
    execute(block, parent) {
      running++;
      if (!isReorganizing && !['commit', 'pruning'].includes(phase)) enter('execution');
      return Promise.resolve(executor.execute(block, parent)).finally(leave);
    },
    async commit(head) {
      const isWritten = head.number - executor.head.number >= commitBlocks;
      if (!isWritten || isReorganizing) return executor.commit(head);
      running++;
      enter(executor.head.number > historyDepth ? 'pruning' : 'commit');
      try {
        await executor.commit(head);
      } finally {
        enter('execution');
        leave();
      }
    },
    findState: (hashes) => executor.findState(hashes),
    reset: () => executor.reset(),
    close: () => executor.close(),
  };
}

/** The blocks from a canonical one up to a target. */
async function pathTo(chain, hash) {
  const path = [];
  for (let next = hash; (await chain.numberOf(Buffer.from(next, 'hex'))) === undefined; ) {
    const block = blocks.get(next);
    path.unshift(block);
    next = hex(block.header.parentHash);
  }
  return path;
}

try {
  const open = executorOf({ location: join(directory, 'state'), genesis, historyDepth, crypto, clock: systemClock });
  const chain = await openChain({
    location: join(directory, 'chain'),
    genesis,
    crypto,
    clock: systemClock,
    sideBlockDepth,
    openExecutor: async (source) => watched(await open(source)),
  });
  await chain.caughtUp;
  const known = targets.findLastIndex(({ hash }) => hash === hex(chain.head.hash));
  let index = known + 1;
  // A target that was reached in part.
  if (known === -1) index = targets.findIndex(({ number }) => number > chain.head.number);
  say('head', chain.head.number, hex(chain.head.hash));
  for (const { hash, number } of targets.slice(Math.max(0, index))) {
    const path = await pathTo(chain, hash);
    const ancestor = number - path.length;
    isReorganizing = ancestor < chain.head.number;
    if (isReorganizing) enter('reorganization');
    const inserts = number % 2 === 0 && path.length <= sideBlockDepth;
    for (let start = 0; start < path.length; start += 10) {
      const part = path.slice(start, start + 10);
      if (inserts) for (const block of part) await chain.insert(block);
      else await chain.append(part);
    }
    if (hex(chain.head.hash) !== hash && !(await chain.setHead(Buffer.from(hash, 'hex')))) {
      throw new Error(`block ${number} does not become the head`);
    }
    isReorganizing = false;
    enter('idle');
    say('head', number, hash);
  }
  await chain.close();
  say('complete');
} catch (error) {
  say('failed', error.code, error.message);
  process.exit(1);
}
