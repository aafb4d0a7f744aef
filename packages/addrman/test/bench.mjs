// Measures the address manager with 80,000 entries: npm run bench:addrman -w packages/addrman (runs the built package).
// Times are CPU time of this process, medians of nine rounds, next to the limits of AM-15.
import { createAddrMan } from '@devp2p/addrman';
import { sha256 } from '@noble/hashes/sha2.js';

const entries = 80_000;

let state = 7;
function noise(length) {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** A node with a public address, a record of the usual size, and its source. */
function makeReport() {
  const [a, b, c, d, e, f] = noise(6);
  const ip = Uint8Array.of(11 + (a % 80), b, c, d);
  return {
    nodes: [
      {
        id: noise(64),
        address: { ip, tcp: 30_303, udp: 30_303 },
        record: { seq: 1n, bytes: noise(170) },
      },
    ],
    source: { kind: 'peer', ip: Uint8Array.of(128 + (e % 32), f, c, d) },
  };
}

function memory() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function row(name, figure, limit, unit, note = '') {
  const limitText = limit === undefined ? '' : `≤ ${limit} ${unit}`;
  const cells = [name.padEnd(36), figure.padStart(6), limitText.padStart(8), note];
  console.log(cells.join('  ').trimEnd());
}

/** Runs `work` on `count` new arguments, nine times. */
function measure(name, limit, count, prepare, work) {
  const times = [];
  for (let round = 0; round < 9; round++) {
    const items = Array.from({ length: count }, prepare);
    const before = process.cpuUsage();
    for (const item of items) work(item);
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / count);
  }
  times.sort((x, y) => x - y);
  const figure = (n) => times[n].toFixed(2);
  row(name, figure(4), limit, 'µs', `(${figure(0)} … ${figure(8)})`);
}

const noArgument = () => undefined;

const before = memory();
let now = Date.now();
const clock = { now: () => now, monotonic: () => now, setTimeout: () => ({ cancel() {} }) };
const book = createAddrMan({ sourceBurst: 1e9, clock });
// At the end the tried table is full to a quarter and the new table is full.
while (book.size < entries) {
  const { nodes, source } = makeReport();
  if (book.add(nodes, source) === 1 && book.stats.tried < 16_100) book.good(nodes[0].id);
}
now += 3_600_000;
const { size, tried } = book.stats;
const bytes = memory() - before;
console.log(`${size} entries with records of 170 bytes, ${tried} of them tried\n`);
row('memory', (bytes / 1e6).toFixed(1), 64, 'MB');

const block = new Uint8Array(32);
measure('for comparison: SHA-256 of 32 bytes', undefined, 20_000, noArgument, () => sha256(block));
measure('select', 2, 20_000, noArgument, () => book.select());
measure('add, full tables', 10, 4000, makeReport, ({ nodes, source }) => book.add(nodes, source));
const known = book.sample(20_000, 100);
let at = 0;
function someKnownNode() {
  at = (at + 7919) % known.length;
  return known[at];
}
const someKnown = () => ({
  nodes: [someKnownNode()],
  source: makeReport().source,
});
measure('add, known nodes', 10, 4000, someKnown, ({ nodes, source }) => book.add(nodes, source));
function someNewId() {
  for (;;) {
    const { id } = someKnownNode();
    if (book.get(id)?.tried === false) return id;
  }
}
measure('good, from new to tried', 10, 1500, someNewId, (id) => book.good(id));

let start = performance.now();
const snapshot = book.snapshot();
const taken = performance.now() - start;
start = performance.now();
createAddrMan({ snapshot, clock }).check();
const restored = performance.now() - start;
const megabytes = (snapshot.length / 1e6).toFixed(1);
console.log(
  `\nsnapshot: ${megabytes} MB, written in ${taken.toFixed(0)} ms, read and checked twice in ${restored.toFixed(0)} ms`,
);
