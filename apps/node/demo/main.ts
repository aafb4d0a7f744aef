// Starts a network on loopback: nodes find each other through a boot node and download a chain, one of them is stopped by
// kill -9 on the way, and the crawler lists them all.
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
/** Limit of crawls; each takes two seconds or more. */
const maxCrawls = 20;

const started = performance.now();
const datadirs = mkdtempSync(join(tmpdir(), 'devp2p-demo-'));

function print(text: string): void {
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

/** Waits until a node has the whole chain, and returns its row of the table. */
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

/** Runs the crawler once, and returns the lines of its result. */
async function crawl(name: string, bootnode: string): Promise<readonly string[]> {
  const run = new Program(crawler, [
    ...['crawl', '--once', '--bootnodes', bootnode, '--datadir', join(datadirs, name)],
    ...['--addr', '127.0.0.1', '--port', '0'],
  ]);
  if ((await run.ended) !== 0) throw new Error('crawl failed');
  return run.output;
}

/** Crawls until all nodes are found: a node returns only verified neighbors, and their verification takes some seconds. */
async function crawlUntilComplete(bootnode: string): Promise<readonly string[]> {
  let funnel: readonly string[] = [];
  for (let crawls = 1; crawls <= maxCrawls; crawls++) {
    funnel = await crawl(`crawl-${crawls}`, bootnode);
    if (funnel.some((line) => /^answered +5\b/.test(line))) return funnel;
  }
  throw new Error(`not all five nodes found in ${maxCrawls} crawls:\n${funnel.join('\n')}`);
}

async function demo(): Promise<void> {
  print(
    'starting five nodes and a crawler on this machine, without traffic to the internet; takes about half a minute',
  );
  print(`node A imports a chain of ${blockCount} blocks with transactions of every type`);
  let head = '';
  for (const content of ['blocks', 'receipts']) {
    const file = join(chain, content === 'blocks' ? 'chain.rlp.gz' : 'receipts.rlp.gz');
    const into = ['--datadir', join(datadirs, 'A'), '--genesis', genesis];
    const load = new Program(node, ['import', file, ...into]);
    const [, hash = '', count, seconds] = await load.line(
      new RegExp(`^imported .* hash=(\\S+) .*\\b${content}=(\\d+) .*seconds=(\\S+)`),
    );
    head = hash;
    if ((await load.ended) !== 0) throw new Error('import failed');
    print(`  ${count} ${content === 'blocks' ? 'blocks' : 'receipt lists'} in ${seconds} s`);
  }

  const boot = start('boot', '--maxpeers', '0');
  const bootnode = await enodeOf(boot);
  print(`a boot node helps the other nodes to find each other: ${short(bootnode)}`);
  const joining = ['--bootnodes', bootnode, '--sync.target', head];

  const a = start('A', ...joining);
  print(`node A serves the chain: ${short(await enodeOf(a))}`);

  let b = start('B', ...joining);
  const enodeB = await enodeOf(b);
  print(`node B starts with the boot node's address only: ${short(enodeB)}`);
  const [, done] = await b.line(/progress .*phase=blocks done=(\d{3,})/);
  await b.kill('SIGKILL');
  print(`node B found node A and downloaded ${done} blocks; it is now stopped by kill -9`);

  b = start('B', ...joining, '--port', portOf(enodeB));
  await enodeOf(b);
  const [, kept] = await b.line(/sync started .*head=(\d+)/);
  print(`node B restarts with the ${kept} blocks that it had stored, and continues`);

  const others = ['C', 'D'].map((name) => ({ name, program: start(name, ...joining) }));
  await Promise.all(others.map(({ program }) => enodeOf(program)));
  print("nodes C and D start with the boot node's address only, too");

  const downloads = [{ name: 'B', program: b }, ...others];
  const rows = await Promise.all(downloads.map(({ name, program }) => synced(name, program)));
  print('all four nodes have the same head, and verified every block against the roots in its header');

  print('the crawler starts at the boot node, and requests further nodes from each one that it finds');
  const funnel = await crawlUntilComplete(bootnode);
  print('the crawler found all five nodes and connected to each');

  const codes = await Promise.all(
    [boot, a, ...downloads.map(({ program }) => program)].map((run) => run.kill('SIGTERM')),
  );
  if (codes.some((code) => code !== 0)) throw new Error(`exit codes ${codes.join(', ')}`);
  print('all five nodes disconnected from their peers and stopped');

  const columns = ['node', 'blocks', 'seconds', 'headers/s', 'bodies/s', 'peak memory', 'on disk'];
  process.stdout.write(`\n${table(columns, rows)}\n\n${crawlRows(funnel)}\n\n${ending}\n`);
}

/**
 * The lines of the crawler's result that apply to this network. The chain was recorded in the past, so no node counts as
 * synced.
 */
function crawlRows(lines: readonly string[]): string {
  const end = lines.findIndex((line) => /^synced\b/.test(line));
  const rows = lines.slice(0, end === -1 ? undefined : end);
  return [...rows, '(the boot node accepts no peers, so it disconnects after Hello)'].join('\n');
}

const ending =
  'Done: four nodes found each other through a boot node and have the same verified chain, although one of them was ' +
  'killed during its download, and the crawler found all five nodes.\n' +
  'Next: "npm run crawler -- crawl --network hoodi --datadir ./hoodi" crawls a public network, and ' +
  '"npm run node -- --help" lists the options of a node.';

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

// A limit for a demo that hangs; long enough for a busy machine.
const deadline = setTimeout(() => {
  isStopping = true;
  process.stderr.write('demo not finished within 10 minutes\n');
  void cleanUp().then(() => process.exit(1));
}, 600_000);
try {
  await demo();
} catch (error) {
  // After a signal, errors of the killed programs are expected.
  if (!isStopping) process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  clearTimeout(deadline);
  await cleanUp();
}
