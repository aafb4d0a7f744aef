// Measures the chain on blocks of 50 transfers: node apps/node/test/chain/bench.mjs (needs a build).
// Figures are per second of one core's time, medians of five rounds.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import {
  bodyCodec,
  consensusReceipts,
  decodeBody,
  decodeHeader,
  encodeReceipts,
  RawList,
  receiptList,
  sealHeader,
  transactionsOf,
} from '@devp2p/eth';
import { decode, encode, list, raw } from '@devp2p/rlp';
import { createMPT } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { openChain } from '../../dist/chain/chain.js';
import { encodeBlock } from '../../dist/chain/files/block-rlp.js';
import { importFile } from '../../dist/chain/files/import-file.js';
import { parseGenesis } from '../../dist/config/genesis/genesis.js';
import { createBlockRules } from '../../dist/validation/block.js';
import { emptyListHash, emptyRequestsHash, emptyTrieRoot } from '../../dist/validation/empty-roots.js';
import { nextBaseFee } from '../../dist/validation/fees.js';
import { listRoot, StackTrie } from '../../dist/validation/stack-trie.js';

const blockCount = 4000;
const perBlock = 50;

let state = 7;
function noise(length) {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

const forks = Object.fromEntries(
  ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg']
    .concat('istanbul', 'berlin', 'london')
    .map((name) => [`${name}Block`, 0]),
);
const blobs = { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 };
const genesis = parseGenesis(
  JSON.stringify({
    config: {
      ...{ ...forks, chainId: 1, shanghaiTime: 0, cancunTime: 0, pragueTime: 0 },
      ...{ terminalTotalDifficulty: 0, blobSchedule: { cancun: blobs, prague: blobs } },
    },
    ...{ gasLimit: 30_000_000, difficulty: 0, alloc: {} },
  }),
  crypto,
);
const trie = new StackTrie(crypto);

function transaction() {
  const fields = [1, 2, 3, 4, 21_000].map((n) => encode(list(raw), []) && RLP.encode(n));
  const rest = [noise(20), 10n ** 18n, new Uint8Array(), [], 1, noise(32), noise(32)];
  const payload = encode(list(raw), [...fields, ...rest.map((field) => RLP.encode(field))]);
  return Uint8Array.of(2, ...payload);
}

const token = noise(20);
const transferTopic = noise(32);
function receipt(i) {
  const party = () => Uint8Array.of(...new Uint8Array(12), ...noise(20));
  const data = Uint8Array.of(...new Uint8Array(24), ...noise(8));
  const log = { address: token, topics: [transferTopic, party(), party()], data };
  return { type: 2, outcome: true, cumulativeGas: (i + 1) * 50_000, logs: [log] };
}

function makeBlock(parent) {
  const transactions = transactionsOf(Array.from({ length: perBlock }, transaction));
  const none = RawList.of([]);
  const parts = { transactions, uncles: none, withdrawals: none };
  const body = decodeBody(encode(bodyCodec, parts));
  const indices = Array.from({ length: perBlock }, (_, i) => i);
  const receipts = decode(receiptList, encodeReceipts(indices.map(receipt)));
  const consensus = consensusReceipts(receipts, crypto);
  const header = sealHeader(
    {
      ...{ parentHash: parent.hash, unclesHash: emptyListHash, beneficiary: noise(20) },
      ...{ stateRoot: noise(32), transactionsRoot: listRoot(trie, body.transactions) },
      ...{ receiptsRoot: listRoot(trie, consensus.receipts), logsBloom: consensus.bloom },
      ...{ difficulty: 0n, number: parent.number + 1, gasLimit: parent.gasLimit },
      ...{ gasUsed: perBlock * 50_000, timestamp: parent.timestamp + 12, extraData: noise(10) },
      ...{ mixHash: noise(32), nonce: new Uint8Array(8) },
      ...{ baseFeePerGas: nextBaseFee(genesis.config, parent), withdrawalsRoot: emptyTrieRoot },
      ...{ blobGasUsed: 0, excessBlobGas: 0, parentBeaconBlockRoot: noise(32) },
      requestsHash: emptyRequestsHash,
    },
    crypto,
  );
  return { header, body, receipts };
}

const blocks = [];
for (let parent = genesis.header; blocks.length < blockCount; ) {
  blocks.push(makeBlock(parent));
  parent = blocks.at(-1).header;
}

/** Runs `work`, which returns how many it did, for a while, five times. */
async function measure(name, unit, work) {
  const rates = [];
  for (let round = 0; round < 6; round++) {
    const before = process.cpuUsage();
    const until = performance.now() + 700;
    let count = 0;
    while (performance.now() < until) count += await work();
    const { user, system } = process.cpuUsage(before);
    if (round > 0) rates.push((count * 1e6) / (user + system));
  }
  rates.sort((a, b) => a - b);
  const figure = (n) => Math.round(n).toLocaleString('en').padStart(11);
  console.log(`${name.padEnd(48)}${figure(rates[2])} ${unit}  (${figure(rates[0])} … ${figure(rates[4])})`);
}

let at = 0;
const next = () => blocks[at++ % blocks.length];

await measure('transactions root, stack trie', 'tries/s', () => {
  for (let i = 0; i < 100; i++) listRoot(trie, next().body.transactions);
  return 100;
});
await measure('transactions root, @ethereumjs/mpt', 'tries/s', async () => {
  const mpt = await createMPT({ keccakFunction: (data) => crypto.keccak256(data) });
  const { body } = next();
  for (let i = 0; i < perBlock; i++) await mpt.put(RLP.encode(i), body.transactions.at(i));
  mpt.root();
  return 1;
});
const leaf = noise(110);
await measure('keccak-256 of the same bytes', 'tries/s', () => {
  const branch = noise(532);
  for (let j = 0; j < 10; j++) {
    for (let i = 0; i < perBlock; i++) crypto.keccak256(leaf);
    for (let i = 0; i < 5; i++) crypto.keccak256(branch);
  }
  return 10;
});
await measure('consensus form of receipts (eth)', 'blocks/s', () => {
  for (let i = 0; i < 20; i++) consensusReceipts(next().receipts, crypto);
  return 20;
});
const fresh = () => {
  const { header, body, receipts } = next();
  return { header, body: decodeBody(body.raw), receipts: decode(receiptList, receipts.raw) };
};
const rules = createBlockRules(genesis.config, crypto);
await measure('decode and check a body', 'blocks/s', () => {
  for (let i = 0; i < 20; i++) {
    const { header, body } = fresh();
    rules.checkBody(header, body);
  }
  return 20;
});
await measure('decode and check receipts', 'blocks/s', () => {
  for (let i = 0; i < 20; i++) {
    const { header, receipts } = fresh();
    rules.checkReceipts(header, receipts);
  }
  return 20;
});

const directory = mkdtempSync(join(tmpdir(), 'devp2p-bench-'));
const open = (name) => openChain({ location: join(directory, name), genesis, clock: systemClock, crypto });
const timed = async (name, action) => {
  const before = process.cpuUsage();
  const start = performance.now();
  await action();
  const { user, system } = process.cpuUsage(before);
  const seconds = ((performance.now() - start) / 1000).toFixed(2);
  const rate = Math.round((blockCount * 1e6) / (user + system)).toLocaleString('en');
  console.log(`${name.padEnd(48)}${rate.padStart(11)} blocks/s  (${seconds} s by the clock)`);
};
const chain = await open('chain');
await timed('append headers, bodies and receipts', async () => {
  for (let i = 0; i < blockCount; i += 256) {
    await chain.append(
      blocks.slice(i, i + 256).map(({ header, body, receipts }) => ({
        header: decodeHeader(header.raw, crypto),
        body: decodeBody(body.raw),
        receipts: decode(receiptList, receipts.raw),
      })),
    );
  }
});
const file = join(directory, 'chain.rlp');
writeFileSync(file, Buffer.concat(blocks.map(({ header, body }) => encodeBlock(header.raw, body.raw))));
const imported = await open('imported');
await timed('import a file', () => importFile(imported, file, { crypto }));
await imported.close();

const spot = (count) => Math.floor(Math.random() * (blockCount - count)) + 1;
await measure('serve headers, 192 at a time', 'headers/s', async () => {
  return (await chain.headers({ origin: spot(192), amount: 192, step: 1 })).length;
});
const served = (kind) => async () => {
  const start = spot(128);
  const hashes = blocks.slice(start, start + 128).map(({ header }) => header.hash);
  return (await chain[kind](hashes)).filter((item) => item !== undefined).length;
};
await measure('serve bodies, 128 at a time', 'bodies/s', served('bodies'));
await measure('serve receipts, 128 at a time', 'blocks/s', served('receipts'));
console.log(`resident memory ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB`);
await chain.close();
rmSync(directory, { recursive: true });
