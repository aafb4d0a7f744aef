// Tests a node on loopback for leaks: many connections that end in all ways, then many idle peers. Exits with code 1 when
// resources leak, or idle peers exceed the limits. --minutes 10 --connections 10000 --peers 1000
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { balance, churn, dialOut } from './churn.ts';
import { Daemon } from './daemon.ts';
import { idle, roomFor } from './idle.ts';
import type { Measure } from './probe.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    connections: { type: 'string' },
    peers: { type: 'string', default: '1000' },
  },
});
const minutes = positive('minutes', values.minutes);
const connections = positive('connections', values.connections ?? String(1_000 * minutes));
const peers = positive('peers', values.peers);

/** Limits for 1,000 idle peers: memory in bytes, share of one core. */
const limits = { rss: 300e6, cpu: 0.05 };
/** Share of the connections that are outbound ones of the node. */
const outboundShare = 0.05;
const rows = 10;

function positive(name: string, text: string): number {
  const number = Number(text);
  if (number > 0) return number;
  process.stderr.write(`soak: invalid value "${text}" for --${name}: expected a positive number\n`);
  process.exit(2);
}

const columns = [
  ['minute', 6],
  ['connections', 11],
  ['memory', 8],
  ['fds', 4],
  ['handles', 7],
  ['sockets', 7],
  ['timers', 6],
  ['listeners', 9],
  ['signals', 7],
  ['emitters', 8],
  ['promises', 8],
  ['heap', 8],
  ['buffers', 8],
] as const;

function print(cells: readonly (string | number)[]): void {
  const line = cells.map((cell, i) => String(cell).padStart(columns[i]?.[1] ?? 0)).join('  ');
  process.stdout.write(`${line}\n`);
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

async function testChurn(daemon: Daemon): Promise<boolean> {
  const enode = await daemon.enode;
  // Warm-up: code is compiled, and lasting objects are created.
  await churn({ enode }, { connections: 300 });
  await dialOut(daemon, 15);
  const started = performance.now();
  const show = (made: number, measure: Measure): void =>
    print([
      ((performance.now() - started) / 60_000).toFixed(1),
      made,
      megabytes(daemon.rss),
      daemon.descriptors,
      ...columns.slice(4, -2).map(([name]) => measure[name as keyof Measure]),
      megabytes(measure.heap),
      megabytes(measure.buffers),
    ]);
  print(columns.map(([name]) => name));
  let made = 0;
  const { before, left } = await balance(daemon, async () => {
    show(made, await daemon.measure());
    for (let row = 1; row <= rows; row++) {
      const due = Math.round((row * connections) / rows);
      const out = Math.round((due - made) * outboundShare);
      const end = started + (row * minutes * 60_000) / rows;
      await Promise.all([
        churn(
          { enode },
          {
            connections: due - made - out,
            duration: Math.max(0, end - performance.now()),
          },
        ),
        dialOut(daemon, out),
      ]);
      made = due;
      if (row < rows) show(made, await daemon.measure());
    }
  }).then((result) => {
    show(made, result.after);
    return result;
  });
  if (left.length === 0) {
    process.stdout.write('no leaks found\n\n');
    return true;
  }
  const grown = left.map((name) => `${name} (${before[name as keyof Measure]} before)`).join(', ');
  process.stdout.write(`leaked: ${grown}\n\n`);
  return false;
}

async function testIdlePeers(daemon: Daemon): Promise<boolean> {
  const duration = Math.min(60_000, minutes * 60_000);
  const { rss, cpu, descriptors, peers: left } = await idle(daemon, { peers, duration });
  const seconds = duration / 1_000;
  process.stdout.write(
    `${left} of ${peers} idle peers stayed connected for ${seconds} s: ${megabytes(rss)} (limit ${megabytes(limits.rss)}), ` +
      `${(100 * cpu).toFixed(1)} % of one core (limit ${100 * limits.cpu} %), ${descriptors} file descriptors\n`,
  );
  return left === peers && rss < limits.rss && cpu < limits.cpu;
}

const folder = mkdtempSync(join(tmpdir(), 'soak-'));
const start = (name: string, ...flags: string[]): Daemon =>
  new Daemon(join(folder, name), '--nodiscover', '--verbosity', 'info,peer=warn', ...flags);
const churnNode = start('churn', '--http', '--http.port', '0', '--http.api', 'admin');
const idleNode = start('idle', ...roomFor(peers));
try {
  const results = [await testChurn(churnNode), await testIdlePeers(idleNode)];
  process.exitCode = results.every(Boolean) ? 0 : 1;
} finally {
  await Promise.all([churnNode.stop(), idleNode.stop()]);
  rmSync(folder, { recursive: true, force: true });
}
