import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toHex } from '@devp2p/bytes';
import type { NodeStatus } from '@devp2p/crawler';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { parseEnr } from '@devp2p/enr';
import type { ReferenceNetwork } from './reference-network.ts';

/** Output of a crawler. */
export interface CrawlOutput {
  /** Result for each node that responded, by node id. */
  readonly found: ReadonlyMap<string, Found>;
  /** Duration. */
  readonly seconds: number;
  /** CPU time of all threads. */
  readonly cpuSeconds: number;
}

interface Found {
  /** The last step done with the node. */
  readonly step: NodeStatus;
  /** Seconds from the start of the crawl to that step, if the crawler reports it. */
  readonly after?: number;
}

/** Crawls a network from its boot node. */
export type Crawl = (reference: ReferenceNetwork, pin: readonly string[]) => Promise<CrawlOutput>;

/** Our crawler as users run it; ends when all nodes are visited. */
export const ourCrawl: Crawl = async ({ bootnode, networkId }, pin) =>
  inFolder(async (folder) => {
    const manifest = fileURLToPath(import.meta.resolve('@devp2p/crawler/package.json'));
    const program = [...pin, process.execPath, join(manifest, '../dist/main.js')];
    const datadir = ['--datadir', join(folder, 'crawl')];
    const began = Date.now();
    const spent = await run([
      ...[...program, 'crawl', '--once', ...datadir, '--addr', '127.0.0.1'],
      ...['--bootnodes', bootnode, '--networkid', `${networkId}`],
    ]);
    const file = join(folder, 'nodes.ndjson');
    await run([...program, 'export', ...datadir, '--status', 'bonded', '--output', file]);
    const entries = readFileSync(file, 'utf8').trimEnd().split('\n');
    const nodes = entries.map((line) => JSON.parse(line) as OurNode);
    const found = new Map<string, Found>();
    for (const { id, status, lastSeen } of nodes) {
      found.set(id, { step: status, after: (Date.parse(lastSeen) - began) / 1000 });
    }
    return { found, ...spent };
  });

interface OurNode {
  readonly id: string;
  readonly status: NodeStatus;
  readonly lastSeen: string;
}

/** Seconds for which go-ethereum's crawler runs: it does not end earlier. */
const gethSeconds = 60;

/** go-ethereum's crawler, which uses UDP only. */
export const gethCrawl =
  (devp2p: string): Crawl =>
  ({ bootnode }, pin) =>
    inFolder(async (folder) => {
      const file = join(folder, 'nodes.json');
      const crawl = [...pin, devp2p, 'discv4', 'crawl', '--addr', '127.0.0.1:0'];
      const spent = await run([...[...crawl, '--bootnodes', bootnode, '--timeout', `${gethSeconds}s`, file]]);
      const nodes = JSON.parse(readFileSync(file, 'utf8')) as Record<string, GethNode>;
      const responding = Object.values(nodes).filter(({ lastResponse }) => lastResponse);
      const found = new Map<string, Found>();
      for (const { record } of responding) {
        found.set(toHex(parseEnr(record, { crypto }).id), { step: 'bonded' });
      }
      return { found, ...spent };
    });

interface GethNode {
  readonly record: string;
  readonly lastResponse?: string;
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'devp2p-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Shell command that reports the CPU time of a command. */
const timed = ['sh', '-c', '"$@"; code=$?; times >&2; exit $code', 'sh'];

/** Runs a program to its end; its output is shown only after a failure. */
async function run(command: readonly string[]): Promise<Omit<CrawlOutput, 'found'>> {
  const [program = '', ...args] = [...timed, ...command];
  const began = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (chunk) => {
    output = `${output}${chunk}`.slice(-2000);
  });
  const [code] = await once(child, 'close');
  const seconds = (performance.now() - began) / 1000;
  if (code !== 0) throw new Error(`${command.join(' ')}: ${output}`);
  // The last line has the user and system time of the shell's children: 0m5.114s 0m0.338s
  const times = [
    ...output
      .trimEnd()
      .slice(output.trimEnd().lastIndexOf('\n'))
      .matchAll(/(\d+)m([\d.]+)s/g),
  ];
  const cpuSeconds = times.reduce((sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest), 0);
  return { seconds, cpuSeconds };
}
