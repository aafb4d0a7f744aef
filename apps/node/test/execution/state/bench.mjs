// Measures the state of blocks that change some accounts each, on disk: CPU time of a block's root and of its write.
// Needs a build.
//   node apps/node/test/execution/state/bench.mjs [--accounts 10000] [--changed 100] [--slots 0] [--blocks 500] [--memory]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { createStateStore, openStateStore } from '../../../dist/execution/state/open-state-store.js';
import { emptyTrieRoot } from '../../../dist/validation/empty-roots.js';

const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '10000' },
    changed: { type: 'string', default: '100' },
    slots: { type: 'string', default: '0' },
    blocks: { type: 'string', default: '500' },
    memory: { type: 'boolean', default: false },
  },
});
const [accounts, changed, slots, blocks] = ['accounts', 'changed', 'slots', 'blocks'].map((name) =>
  Number(values[name]),
);
const { codeHash } = { codeHash: crypto.keccak256(new Uint8Array(0)) };

let seed = 1;
const random = (below) => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return (seed >>> 8) % below;
};
const addresses = Array.from({ length: accounts }, (_, i) =>
  crypto.keccak256(Uint8Array.of(i >>> 16, i >>> 8, i)).slice(12),
);
const hashOf = (number) => crypto.keccak256(Uint8Array.of(9, number >>> 16, number >>> 8, number));

const directory = mkdtempSync(join(tmpdir(), 'state-bench-'));
const genesis = {
  header: { number: 0, hash: hashOf(0), stateRoot: emptyTrieRoot },
  accounts: [],
  source: 'bench',
};
const store = values.memory
  ? await createStateStore({ genesis, crypto })
  : await openStateStore({ location: join(directory, 'state'), genesis, crypto });

function changesOf(count, pick) {
  const changes = new Map();
  while (changes.size < count) {
    const address = pick(changes.size);
    changes.set(address, {
      address,
      account: { nonce: BigInt(random(100)), balance: 10n ** 18n + BigInt(random(1_000_000)), codeHash },
      isStorageCleared: false,
      storage: new Map(
        Array.from({ length: slots }, () => [BigInt(random(1000)), BigInt(random(1_000_000)) * 0x1_0000_0001n]),
      ),
    });
  }
  return [...changes.values()];
}

let number = 0;
for (let start = 0; start < accounts; start += 1000) {
  const count = Math.min(1000, accounts - start);
  store.apply(
    hashOf(number),
    { number: number + 1, hash: hashOf(number + 1) },
    changesOf(count, (i) => addresses[start + i]),
  );
  number++;
  await store.commit(hashOf(number));
}

/** Adds the CPU time of an action to a sum, in microseconds. */
const times = { read: 0, apply: 0, commit: 0 };
const measure = async (name, action) => {
  const before = process.cpuUsage();
  const result = await action();
  const { user, system } = process.cpuUsage(before);
  times[name] += user + system;
  return result;
};

const rounds = [];
for (let i = 0; i < 2 * blocks; i++) {
  // The first half warms up.
  if (i === blocks) {
    rounds.length = 0;
    for (const name of Object.keys(times)) times[name] = 0;
  }
  const changes = changesOf(changed, () => addresses[random(accounts)]);
  await measure('read', () => {
    const reader = store.reader(hashOf(number));
    for (const { address } of changes) reader.account(address);
  });
  const start = performance.now();
  await measure('apply', () => store.apply(hashOf(number), { number: number + 1, hash: hashOf(number + 1) }, changes));
  rounds.push(performance.now() - start);
  number++;
  await measure('commit', async () => {
    if (store.isCommitDue(hashOf(number))) await store.commit(hashOf(number));
  });
}
await measure('commit', () => store.commit(hashOf(number)));
await store.close();
rmSync(directory, { recursive: true });
rounds.sort((a, b) => a - b);
const perBlock = (value) => `${Math.round(value / blocks)} µs`;
console.log(`CPU time per block; ${accounts} accounts, ${changed} changed in each block, ${slots} slots each`);
console.log(`reads of the accounts          ${perBlock(times.read)}`);
console.log(
  `changes, tries and root        ${perBlock(times.apply)}, median of wall ${Math.round(rounds[blocks >> 1] * 1000)} µs`,
);
console.log(`writes                         ${perBlock(times.commit)}`);
