// Moves a state to random blocks of a tree in a loop, and prints the target before and after each commit. Needs a build.
import { readFileSync, writeSync } from 'node:fs';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { openStateStore } from '../../../dist/execution/state/open-state-store.js';

const [location, file, seed] = process.argv.slice(2);
const bytes = (hex) => new Uint8Array(Buffer.from(hex, 'hex'));
const { genesis, blocks } = JSON.parse(readFileSync(file, 'utf8'));
const byHash = new Map(blocks.map((block) => [block.hash, block]));

let random = Number(seed) * 7919;
function choose(below) {
  random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
  return (random >>> 8) % below;
}

function changesOf(block) {
  return block.changes.map(({ address, account, code, isStorageCleared, storage }) => ({
    address: bytes(address),
    account: account && {
      nonce: BigInt(account.nonce),
      balance: BigInt(account.balance),
      codeHash: bytes(account.codeHash),
    },
    code: code === undefined ? undefined : bytes(code),
    isStorageCleared,
    storage: new Map(storage.map(([slot, value]) => [BigInt(slot), BigInt(value)])),
  }));
}

/** Adds the states up to a block; false if none of its ancestors is available. */
function execute(store, target) {
  const path = [];
  let hash = target.hash;
  while (!store.has(bytes(hash))) {
    const block = byHash.get(hash);
    if (block === undefined) return false;
    path.unshift(block);
    hash = block.parent;
  }
  for (const block of path) {
    const root = store.apply(bytes(block.parent), { number: block.number, hash: bytes(block.hash) }, changesOf(block));
    if (Buffer.from(root).toString('hex') !== block.root) throw new Error(`root of block ${block.number}`);
  }
  return true;
}

try {
  const header = { number: 0, hash: bytes(genesis.hash), stateRoot: bytes(genesis.root) };
  const store = await openStateStore({
    location,
    genesis: { header, accounts: [], source: 'test' },
    crypto,
    historyDepth: 16,
    commitBytes: 30_000,
  });
  writeSync(1, `done ${Buffer.from(store.head.hash).toString('hex')}\n`);
  for (;;) {
    // Mostly a few blocks further, sometimes back, sometimes anywhere.
    const near = blocks.filter(({ number }) => Math.abs(number - store.head.number - 4) < 8);
    const target = choose(4) > 0 ? near[choose(near.length)] : blocks[choose(blocks.length)];
    if (target === undefined || !execute(store, target)) continue;
    const from = store.head;
    const isBack = target.number < from.number || [...store.ancestors()].length < 17;
    writeSync(1, `plan ${target.hash} ${isBack ? 'back' : 'forward'}\n`);
    await store.commit(bytes(target.hash), { keep: choose(2) });
    writeSync(1, `done ${Buffer.from(store.head.hash).toString('hex')}\n`);
  }
} catch (error) {
  writeSync(1, `failed ${error.code ?? ''} ${error.message}\n`);
}
