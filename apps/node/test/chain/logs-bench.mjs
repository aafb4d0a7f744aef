// Measures the indexes of logs and transactions on generated blocks: node apps/node/test/chain/logs-bench.mjs (needs a
// build). By default 12,000 blocks with 100 token transfers each; other numbers are the arguments.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { addToBloom, encodeReceipts, sealHeader } from '@devp2p/eth';
import { encode, list, raw } from '@devp2p/rlp';
import { openChain } from '../../dist/chain/chain.js';
import { parseGenesis } from '../../dist/config/genesis/genesis.js';
import { headTags } from '../../dist/rpc/backend.js';
import { chainView } from '../../dist/rpc/namespaces/chain-view.js';
import { findLogs, logFilter } from '../../dist/rpc/namespaces/logs.js';
import { BlockStore } from '../../dist/storage/blocks.js';
import { openDatabase } from '../../dist/storage/database.js';
import { prepareDatabase } from '../../dist/storage/format.js';
import { sublevels } from '../../dist/storage/schema.js';

const [blockCount = 12_000, perBlock = 100] = process.argv.slice(2).map(Number);
const tokens = 1_000;
const holders = 20_000;

let state = 7;
function random(below) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return (state >>> 4) % below;
}
function numbered(length, first, number) {
  const bytes = new Uint8Array(length);
  bytes[length - 8] = first;
  new DataView(bytes.buffer).setUint32(length - 4, number);
  return bytes;
}
const token = (number) => numbered(20, 1, number);
const holder = (number) => numbered(32, 2, number);
const transfer = crypto.keccak256(new TextEncoder().encode('Transfer(address,address,uint256)'));
const hex = (bytes) => `0x${Buffer.from(bytes).toString('hex')}`;

const forks = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg', 'istanbul']
  .concat('berlin', 'london')
  .map((name) => [`${name}Block`, 0]);
const genesis = parseGenesis(
  JSON.stringify({
    config: { ...Object.fromEntries(forks), chainId: 1, terminalTotalDifficulty: 0 },
    ...{ gasLimit: 30_000_000, difficulty: 0, alloc: {} },
  }),
  crypto,
);
const location = mkdtempSync(join(tmpdir(), 'devp2p-logs-'));
process.on('exit', () => rmSync(location, { recursive: true, force: true }));

const empty = encode(list(raw), []);
function makeBlock(parent, number) {
  const logsBloom = new Uint8Array(256);
  const receipts = [];
  const transactions = [];
  for (let i = 0; i < perBlock; i++) {
    // Half of the transfers are of ten tokens.
    const address = token(random(2) === 0 ? random(10) : random(tokens));
    const topics = [transfer, holder(random(holders)), holder(random(holders))];
    for (const item of [address, ...topics]) addToBloom(logsBloom, item, crypto);
    const log = { address, topics, data: numbered(32, 0, random(1_000_000)) };
    receipts.push({ type: 2, outcome: true, cumulativeGas: (i + 1) * 50_000, logs: [log] });
    // Legacy transactions of the usual length, which are not valid.
    transactions.push(
      encode(
        list(raw),
        [numbered(100, 3, number * perBlock + i)].map((bytes) => encodeString(bytes)),
      ),
    );
  }
  const body = encode(list(raw), [encode(list(raw), transactions), empty, empty]);
  const fields = { ...genesis.header, logsBloom, number, parentHash: parent.hash, timestamp: parent.timestamp + 12 };
  return { header: sealHeader(fields, crypto), body, receipts: encodeReceipts(receipts) };
}
function encodeString(bytes) {
  return Uint8Array.of(0x80 + 0x38, bytes.length, ...bytes);
}

const database = await openDatabase(location);
await prepareDatabase({ database, genesis, crypto });
const store = await BlockStore.open({ database, crypto, sideBlockDepth: 128 });
for (let parent = genesis.header, number = 1; number <= blockCount; ) {
  const blocks = [];
  for (; blocks.length < 100 && number <= blockCount; number++) {
    blocks.push(makeBlock(parent, number));
    parent = blocks.at(-1).header;
  }
  await store.write(parent.number - blocks.length, blocks);
}
const bytesOf = async (from, kind) => (await from.sizeOnDisk(sublevels[kind].all)) / 1e6;
await database.compact({ from: Uint8Array.of(0), to: Uint8Array.of(255) });
const receiptBytes = await bytesOf(database, 'receipts');
await database.close();
console.log(`${blockCount} blocks, ${blockCount * perBlock} logs and transactions`);

const cpu = process.cpuUsage();
const chain = await openChain({ location, genesis, clock: systemClock, crypto, transactionHistory: 0, logHistory: 0 });
while (chain.logIndex.remaining + chain.transactionIndex.remaining > 0)
  await new Promise((done) => setTimeout(done, 50));
const { user, system } = process.cpuUsage(cpu);
console.log(`both indexes built in ${((user + system) / 1e6).toFixed(1)} s of CPU time`);

const parts = { chain, view: chainView(chain, headTags(chain)), crypto, clock: systemClock };
const limits = { maxBlocks: 0, maxBytes: 1e9, maxTime: 1e6 };
const toBlock = blockCount - 100;
const range = { fromBlock: `0x${Math.max(1, toBlock - 9_999).toString(16)}`, toBlock: `0x${toBlock.toString(16)}` };
async function measure(name, filter, use = range) {
  const times = [];
  let found = [];
  for (let i = 0; i < 7; i++) {
    const start = performance.now();
    found = await findLogs(logFilter({ ...use, ...filter }), parts, limits);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(
    `${name}: ${found.length} logs, ${times[3].toFixed(0)} ms (${times[0].toFixed(0)} to ${times[6].toFixed(0)})`,
  );
}
console.log('eth_getLogs over 10,000 blocks, median of 7:');
await measure('a transfer to one holder', { topics: [hex(transfer), null, hex(holder(77))] });
await measure('a token and a sender', { address: hex(token(3)), topics: [null, hex(holder(5))] });
await measure('a rare token', { address: hex(token(900)) });
await measure('ten holders', { topics: [null, Array.from({ length: 10 }, (_, i) => hex(holder(i)))] });
await measure('nothing', { address: hex(token(5_000)) });
await measure('a frequent token', { address: hex(token(3)) });
const newest = { fromBlock: `0x${(blockCount - 299).toString(16)}`, toBlock: `0x${blockCount.toString(16)}` };
await measure('one holder in the newest 300 blocks', { topics: [null, hex(holder(77))] }, newest);
await chain.close();
const closed = await openDatabase(location);
await closed.compact({ from: Uint8Array.of(0), to: Uint8Array.of(255) });
const [logBytes, transactionBytes] = [await bytesOf(closed, 'logs'), await bytesOf(closed, 'transactions')];
console.log(
  `on disk: receipts ${receiptBytes.toFixed(0)} MB; index of logs ${logBytes.toFixed(1)} MB, of transactions ${transactionBytes.toFixed(1)} MB (${((transactionBytes * 1e6) / blockCount / perBlock).toFixed(1)} bytes each)`,
);
await closed.close();
