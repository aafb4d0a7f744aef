// A network on loopback: nodes that know only a boot node find each other and download a chain from one another, one of
// them through kill -9; then the crawler says what it sees of them.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program, running } from './program.ts';
import { table } from './table.ts';

const node = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const crawler = fileURLToPath(new URL('../../../crawler/dist/main.js', import.meta.url));
const chain = fileURLToPath(new URL('../chain', import.meta.url));
const genesis = join(chain, 'genesis.json');
const blockCount = 1024;
/** Each takes two seconds or more. */
const maxCrawls = 20;

const started = performance.now();
const datadirs = mkdtempSync(join(tmpdir(), 'devp2p-demo-'));

function say(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
  process.stdout.write(`${seconds} s  ${text}\n`);
}

function start(name: string, ...flags: string[]): Program {
  const common = ['--addr', '127.0.0.1', '--no-authrpc', '--verbosity', 'info,sync=debug'];
  const own = ['--datadir', join(datadirs, name), '--genesis', genesis];
  const port = flags.includes('--port') ? [] : ['--port', '0'];
  return new Program(node, [...own, ...common, ...port, ...flags]);
}

async function enodeOf(program: Program): Promise<string> {
  return (await program.line(/^enode=(\S+)/))[1] ?? '';
}

/** A row of the table, once the node has the whole chain. */
async function synced(name: string, program: Program): Promise<readonly string[]> {
  const line = (await program.line(new RegExp(`^synced number=${blockCount} .*`)))[0];
  const field = (key: string): string => new RegExp(`(?:^| )${key}=(\\S+)`).exec(line)?.[1] ?? '–';
  return [
    name,
    ...['number', 'seconds', 'headers/s', 'bodies/s'].map(field),
    megabytes(program.peakMemory),
    megabytes(sizeOf(join(datadirs, name))),
  ];
}

function megabytes(bytes: number): string {
  return bytes === 0 ? '–' : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** What the crawler prints at its end. */
async function crawl(name: string, bootnode: string): Promise<readonly string[]> {
  const run = new Program(crawler, [
    ...['crawl', '--once', '--bootnodes', bootnode, '--datadir', join(datadirs, name)],
    ...['--addr', '127.0.0.1', '--port', '0'],
  ]);
  if ((await run.ended) !== 0) throw new Error('the crawl failed');
  return run.output;
}

/** Nodes name only nodes that they have seen alive, which takes some seconds: an early crawl misses some. */
async function crawlUntilComplete(bootnode: string): Promise<readonly string[]> {
  let funnel: readonly string[] = [];
  for (let crawls = 1; crawls <= maxCrawls; crawls++) {
    funnel = await crawl(`crawl-${crawls}`, bootnode);
    if (funnel.some((line) => /^answered +5\b/.test(line))) return funnel;
  }
  throw new Error(`${maxCrawls} crawls have not found all five nodes:\n${funnel.join('\n')}`);
}

async function demo(): Promise<void> {
  say('five nodes and a crawler on this machine: takes half a minute, and nothing leaves it');
  say(`node A imports a chain of ${blockCount} blocks with transactions of every type`);
  let head = '';
  for (const what of ['blocks', 'receipts']) {
    const file = join(chain, what === 'blocks' ? 'chain.rlp.gz' : 'receipts.rlp.gz');
    const into = ['--datadir', join(datadirs, 'A'), '--genesis', genesis];
    const load = new Program(node, ['import', file, ...into]);
    const [, hash = '', count, seconds] = await load.line(
      new RegExp(`^imported .* hash=(\\S+) .*\\b${what}=(\\d+) .*seconds=(\\S+)`),
    );
    head = hash;
    if ((await load.ended) !== 0) throw new Error('the import failed');
    say(`  ${count} ${what === 'blocks' ? 'blocks' : 'lists of receipts'} in ${seconds} s`);
  }

  const boot = start('boot', '--maxpeers', '0');
  const bootnode = await enodeOf(boot);
  say(
    `a boot node, which takes no peers itself, introduces nodes to each other: ${short(bootnode)}`,
  );
  const joining = ['--bootnodes', bootnode, '--sync.target', head];

  const a = start('A', ...joining);
  say(`node A serves the chain at ${short(await enodeOf(a))}`);

  let b = start('B', ...joining);
  const enodeB = await enodeOf(b);
  say(`node B knows only the boot node: ${short(enodeB)}`);
  const [, done] = await b.line(/progress .*phase=blocks done=(\d{3,})/);
  await b.kill('SIGKILL');
  say(`node B found A, and is killed with kill -9 after ${done} blocks`);

  b = start('B', ...joining, '--port', portOf(enodeB));
  await enodeOf(b);
  const [, kept] = await b.line(/sync started .*head=(\d+)/);
  say(`node B is back, still has ${kept} blocks, and goes on`);

  const others = ['C', 'D'].map((name) => ({ name, program: start(name, ...joining) }));
  await Promise.all(others.map(({ program }) => enodeOf(program)));
  say('nodes C and D know only the boot node too, and find the others');

  const downloads = [{ name: 'B', program: b }, ...others];
  const rows = await Promise.all(downloads.map(({ name, program }) => synced(name, program)));
  say('all four have the same head; every block was proved against the roots in its header');

  say('a crawler starts from the boot node and asks every node for others');
  const funnel = await crawlUntilComplete(bootnode);
  say('the crawler has found and visited all five nodes');

  const codes = await Promise.all(
    [boot, a, ...downloads.map(({ program }) => program)].map((run) => run.kill('SIGTERM')),
  );
  if (codes.some((code) => code !== 0)) throw new Error(`exit codes ${codes.join(', ')}`);
  say('all five have disconnected from their peers and ended');

  const columns = ['node', 'blocks', 'seconds', 'headers/s', 'bodies/s', 'peak memory', 'on disk'];
  process.stdout.write(`\n${table(columns, rows)}\n\n${reached(funnel)}\n\n${ending}\n`);
}

/**
 * The crawler's funnel as far as this network goes: its newest block is as old as the recorded chain, so that no node
 * counts as synced.
 */
function reached(lines: readonly string[]): string {
  const end = lines.findIndex((line) => /^synced\b/.test(line));
  const rows = lines.slice(0, end === -1 ? undefined : end);
  return [...rows, '(the boot node takes no peers, so it ends each connection at Hello)'].join(
    '\n',
  );
}

const ending =
  'Four nodes that knew only a boot node found each other and proved the same chain block by block, one of them ' +
  'killed half-way, and a crawler found all five.\n' +
  'Next: "npm run crawler -- crawl --network hoodi --datadir ./hoodi" maps a real network, and "npm run node -- --help" ' +
  'shows what a node can do.';

function portOf(enode: string): string {
  return /:(\d+)(?:\?|$)/.exec(enode)?.[1] ?? '0';
}

function short(enode: string): string {
  return enode.replace(/^(enode:\/\/.{8})[0-9a-f]+/, '$1…');
}

async function cleanUp(): Promise<void> {
  await Promise.all([...running].map((program) => program.kill('SIGKILL')));
  rmSync(datadirs, { recursive: true, force: true });
}

let isStopping = false;
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    isStopping = true;
    void cleanUp().then(() => process.exit(code));
  });
}

// Only ends what hangs: a busy machine takes its time.
const deadline = setTimeout(() => {
  isStopping = true;
  process.stderr.write('the demo has not ended within 10 minutes\n');
  void cleanUp().then(() => process.exit(1));
}, 600_000);
try {
  await demo();
} catch (error) {
  // What was killed with the demo fails because of that.
  if (!isStopping) process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  clearTimeout(deadline);
  await cleanUp();
}
