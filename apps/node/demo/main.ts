// Three nodes on loopback download a chain from each other, one of them through kill -9.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const chain = fileURLToPath(new URL('../chain', import.meta.url));
const genesis = join(chain, 'genesis.json');
const blockCount = 1024;

const started = performance.now();
const datadirs = mkdtempSync(join(tmpdir(), 'devp2p-demo-'));
const running = new Set<Run>();

function say(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
  process.stdout.write(`${seconds} s  ${text}\n`);
}

/** One start of the node program. */
class Run {
  readonly ended: Promise<number | null>;
  peakMemory = 0;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<() => void>();
  #over = false;

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this);
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      if (output !== null) createInterface(output).on('line', (line) => this.#heard(line));
    }
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        this.#over = true;
        running.delete(this);
        resolve(code);
        this.#tell();
      });
    });
  }

  /** The first line that matches, once it is there. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      let next = 0;
      const look = (): void => {
        for (; next < this.#lines.length; next++) {
          const match = pattern.exec(this.#lines[next] ?? '');
          if (match === null) continue;
          this.#listeners.delete(look);
          resolve(match);
          return;
        }
        if (!this.#over) return;
        this.#listeners.delete(look);
        reject(new Error(`a node ended without ${pattern}:\n${this.#lines.slice(-5).join('\n')}`));
      };
      this.#listeners.add(look);
      look();
    });
  }

  kill(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended;
  }

  #heard(line: string): void {
    this.peakMemory = Math.max(this.peakMemory, peakMemory(this.#child.pid));
    this.#lines.push(line);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** In bytes; 0 where the system does not say. */
function peakMemory(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function start(name: string, ...flags: string[]): Run {
  const common = ['--addr', '127.0.0.1', '--port', '0', '--verbosity', 'info,sync=debug'];
  return new Run(['--datadir', join(datadirs, name), '--genesis', genesis, ...common, ...flags]);
}

async function enodeOf(run: Run): Promise<string> {
  return (await run.line(/^enode=(\S+)/))[1] ?? '';
}

interface Synced {
  readonly node: string;
  readonly from: string;
  readonly blocks: string;
  readonly seconds: string;
  readonly headers: string;
  readonly bodies: string;
  readonly memory: string;
  readonly disk: string;
}

async function synced(node: string, from: string, run: Run): Promise<Synced> {
  const line = (await run.line(new RegExp(`^synced number=${blockCount} .*`)))[0];
  const field = (name: string): string =>
    new RegExp(`(?:^| )${name}=(\\S+)`).exec(line)?.[1] ?? '?';
  return {
    node,
    from,
    blocks: field('number'),
    seconds: field('seconds'),
    headers: field('headers/s'),
    bodies: field('bodies/s'),
    memory: megabytes(run.peakMemory),
    disk: megabytes(sizeOf(join(datadirs, node))),
  };
}

function megabytes(bytes: number): string {
  return bytes === 0 ? '?' : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function table(rows: readonly Synced[]): string {
  const head: Synced = {
    node: 'node',
    from: 'downloaded from',
    blocks: 'blocks',
    seconds: 'seconds',
    headers: 'headers/s',
    bodies: 'bodies/s',
    memory: 'peak memory',
    disk: 'on disk',
  };
  const names = Object.keys(head) as (keyof Synced)[];
  const width = (name: keyof Synced): number =>
    Math.max(...[head, ...rows].map((row) => row[name].length));
  const line = (row: Synced): string =>
    names.map((name) => row[name].padEnd(width(name))).join('  ');
  const rule = names.map((name) => '─'.repeat(width(name))).join('  ');
  return [line(head), rule, ...rows.map(line)].join('\n');
}

async function demo(): Promise<void> {
  say(`a chain of ${blockCount} blocks with transactions of every type goes into node A`);
  for (const file of ['chain.rlp.gz', 'receipts.rlp.gz']) {
    const into = ['--datadir', join(datadirs, 'A'), '--genesis', genesis];
    const load = new Run(['import', join(chain, file), ...into]);
    say(`  ${(await load.line(/^imported .*/))[0]}`);
    if ((await load.ended) !== 0) throw new Error('the import failed');
  }

  const a = start('A');
  const enodeA = await enodeOf(a);
  say(`node A serves it at ${short(enodeA)}`);

  let b = start('B', '--static', enodeA);
  say(`node B downloads it from A over RLPx and eth: ${short(await enodeOf(b))}`);
  const [, done] = await b.line(/progress .*phase=blocks done=(\d{3,})/);
  await b.kill('SIGKILL');
  say(`node B is killed with kill -9 after ${done} blocks`);

  b = start('B', '--static', enodeA);
  const enodeB = await enodeOf(b);
  const [, head] = await b.line(/sync started .*head=(\d+)/);
  say(`node B is back, still has ${head} blocks, and goes on`);

  const c = start('C', '--static', enodeB);
  await enodeOf(c);
  say('node C knows only B, and downloads from it what B has proved');

  const rows = [await synced('B', 'A, after kill -9', b), await synced('C', 'B', c)];
  say('all three have the same head; every block was proved against the roots in its header');

  const codes = await Promise.all([a, b, c].map((run) => run.kill('SIGTERM')));
  if (codes.some((code) => code !== 0)) throw new Error(`exit codes ${codes.join(', ')}`);
  say('all three said goodbye to their peers and ended');
  process.stdout.write(`\n${table(rows)}\n\n`);
}

function short(enode: string): string {
  return enode.replace(/^(enode:\/\/.{8})[0-9a-f]+/, '$1…');
}

const deadline = setTimeout(() => {
  process.stderr.write('the demo takes too long\n');
  process.exitCode = 1;
  for (const run of running) void run.kill('SIGKILL');
}, 60_000);
try {
  await demo();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  clearTimeout(deadline);
  await Promise.all([...running].map((run) => run.kill('SIGKILL')));
  rmSync(datadirs, { recursive: true, force: true });
}
