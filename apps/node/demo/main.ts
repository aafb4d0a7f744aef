// Starts a network on loopback around a development chain: followers find it through a boot node and execute every block,
// blocks and a wallet's transaction spread, a longer branch replaces the chain, a node is stopped by kill -9, and the crawler lists them all.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { signTransaction } from '@devp2p/eth';
import { createDevChain, type DevNode, type MinedBlock, openDevNode } from '@devp2p/node';
import { Program, running } from './program.ts';
import { table } from './table.ts';
import { mineWaiting, Wallet } from './wallet.ts';

const node = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const crawler = fileURLToPath(new URL('../../../crawler/dist/main.js', import.meta.url));
/** Blocks before the followers start, and blocks whose spreading is shown. */
const firstBlocks = 60;
const shownBlocks = 4;
const transactionsPerBlock = 10;
/** Limit of crawls; each takes two seconds or more. */
const maxCrawls = 20;

const started = performance.now();
const datadirs = mkdtempSync(join(tmpdir(), 'devp2p-demo-'));
const genesis = join(datadirs, 'genesis.json');
let dev: DevNode | undefined;

function print(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
  process.stdout.write(`${seconds} s  ${text}\n`);
}

function start(name: string, ...flags: string[]): Program {
  const common = ['--addr', '127.0.0.1', '--no-authrpc', '--verbosity', 'info'];
  const own = ['--datadir', join(datadirs, name), '--genesis', genesis];
  const port = flags.includes('--port') ? [] : ['--port', '0'];
  return new Program(node, [...own, ...common, ...port, ...flags]);
}

/** URL of its JSON-RPC over WebSocket. */
async function rpcOf(program: Program): Promise<string> {
  return (await program.line(/ws server started endpoint=(\S+)/))[1] ?? '';
}

async function enodeOf(program: Program): Promise<string> {
  return (await program.line(/^enode=(\S+)/))[1] ?? '';
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

/** Transfers from the first account of the development chain to the second one. */
function createTransfers({ accounts }: DevNode): (count: number) => Uint8Array[] {
  const [from, to] = accounts;
  if (from === undefined || to === undefined) throw new Error('no accounts');
  const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n };
  let nonce = 0n;
  return (count) =>
    Array.from({ length: count }, () =>
      signTransaction(
        { chainId: 1337n, nonce: nonce++, gas: 21_000n, to: to.address, value: 10n ** 15n, ...fees },
        from.privateKey,
      ),
    );
}

/** Waits until a follower has a block as its head. */
async function reached({ program }: Follower, { header }: MinedBlock): Promise<string> {
  const hash = Buffer.from(header.hash).toString('hex');
  return (await program.line(new RegExp(`(?:^synced|block imported) .*hash=0x${hash}.*`)))[0];
}

interface Follower {
  readonly name: string;
  program: Program;
}

/** The times at which the followers had a block, in ms after it was made. */
async function times(followers: readonly Follower[], block: MinedBlock, madeAt: number): Promise<string[]> {
  const lines = await Promise.all(followers.map((follower) => reached(follower, block)));
  return lines.map((line) => {
    const time = / at="?([0-9T:.-]+Z)/.exec(line)?.[1];
    return time === undefined ? 'by download' : `${Math.max(0, Date.parse(time) - madeAt)} ms`;
  });
}

async function demo(): Promise<void> {
  print('starting five nodes and a crawler on this machine, without traffic to the internet; takes under a minute');
  const template = await createDevChain();
  writeFileSync(genesis, template.genesis);
  await template.close();

  const boot = start('boot', '--maxpeers', '0');
  const bootnode = await enodeOf(boot);
  print(`a boot node helps the other nodes to find each other: ${short(bootnode)}`);

  mkdirSync(join(datadirs, 'A'));
  dev = await openDevNode({
    settings: {},
    node: { datadir: join(datadirs, 'A'), port: 0, bootnodes: [bootnode], ws: { port: 0 } },
  });
  const { producer } = dev;
  const transfers = createTransfers(dev);
  let last: MinedBlock | undefined;
  for (let i = 0; i < firstBlocks; i++) last = await producer.mine(transfers(transactionsPerBlock));
  print(`node A runs a development chain: ${firstBlocks} blocks of ${transactionsPerBlock} transfers`);

  const follow = (name: string, ...flags: string[]): Program =>
    start(name, '--bootnodes', bootnode, '--eth.blockgossip', '--ws', '--ws.port', '0', ...flags);
  const followers: Follower[] = ['B', 'C', 'D'].map((name) => ({ name, program: follow(name) }));
  const enodes = await Promise.all(followers.map(({ program }) => enodeOf(program)));
  print("nodes B, C and D start with the boot node's address only");
  await Promise.all(followers.map((follower) => reached(follower, last as MinedBlock)));
  print(`they found node A and executed all blocks; the state root is ${root(last)} on each`);

  const rows: string[][] = [];
  for (let i = 0; i < shownBlocks; i++) {
    last = await producer.mine(transfers(transactionsPerBlock));
    const madeAt = Date.now();
    rows.push([`${last.header.number}`, ...(await times(followers, last, madeAt))]);
  }
  print(`${shownBlocks} new blocks spread: whole to some peers, by their hash to the others`);
  process.stdout.write(`\n${table(['block', ...followers.map(({ name }) => `node ${name}`)], rows)}\n\n`);

  const servers = await Promise.all(
    followers.map(async ({ name, program }) => ({ name: `node ${name}`, url: `ws://${await rpcOf(program)}` })),
  );
  const wallet = await Wallet.open([...servers, { name: 'node A', url: dev.node.endpoints.ws ?? '' }]);
  const { hash, seen } = await wallet.pay(dev);
  print(`a wallet sends transaction ${hash.slice(0, 10)}… to node B; it spreads to the pools of all nodes`);
  const after = seen.map(([, time]) => `${Math.round(time)} ms`);
  process.stdout.write(`\n${table(['pending at', ...seen.map(([name]) => name)], [['after', ...after]])}\n\n`);
  last = await mineWaiting(dev);
  await Promise.all(followers.map((follower) => reached(follower, last as MinedBlock)));
  const { blockNumber, status, gas } = await wallet.receipt(hash);
  print(`node A mines it in block ${blockNumber}; its receipt by node B has status ${status} and ${gas} gas`);
  wallet.close();

  const base = last as MinedBlock;
  for (let i = 0; i < 3; i++) last = await producer.mine(transfers(1));
  await Promise.all(followers.map((follower) => reached(follower, last as MinedBlock)));
  let parent = base.header.hash;
  for (let i = 0; i < 4; i++) {
    last = await producer.mine([], { parent, extraData: Uint8Array.of(1) });
    parent = last.header.hash;
  }
  await Promise.all(followers.map((follower) => reached(follower, last as MinedBlock)));
  print(`a branch of 4 blocks replaced 3 blocks; the state root is ${root(last)} on each node`);

  const victim = followers[1] as Follower;
  await victim.program.kill('SIGKILL');
  print('node C is stopped by kill -9');
  // Blocks without transactions: those of the replaced blocks are not part of the chain any more.
  for (let i = 0; i < 5; i++) last = await producer.mine([]);
  victim.program = follow('C', '--port', portOf(enodes[1] as string));
  const [, kept] = await victim.program.line(/chain opened .*head=(\d+)/);
  print(`node C restarts with the ${kept} blocks that it had stored`);
  await Promise.all(followers.map((follower) => reached(follower, last as MinedBlock)));
  print(`all nodes have block ${last?.header.number}, with the state root ${root(last)}`);

  print('the crawler starts at the boot node, and requests further nodes from each one that it finds');
  const funnel = await crawlUntilComplete(bootnode);
  print('the crawler found all five nodes and connected to each');

  await dev.close();
  const codes = await Promise.all([boot, ...followers.map(({ program }) => program)].map((run) => run.kill('SIGTERM')));
  if (codes.some((code) => code !== 0)) throw new Error(`exit codes ${codes.join(', ')}`);
  print('all five nodes disconnected from their peers and stopped');
  process.stdout.write(`\n${crawlRows(funnel)}\n\n${ending}\n`);
}

function root(block: MinedBlock | undefined): string {
  return `0x${Buffer.from(block?.header.stateRoot ?? [])
    .toString('hex')
    .slice(0, 8)}…`;
}

/**
 * The lines of the crawler's result that apply to this network. The times of its blocks begin in 1970, so no node counts
 * as synced.
 */
function crawlRows(lines: readonly string[]): string {
  const end = lines.findIndex((line) => /^synced\b/.test(line));
  const rows = lines.slice(0, end === -1 ? undefined : end);
  return [...rows, '(the boot node accepts no peers, so it disconnects after Hello)'].join('\n');
}

const ending =
  'Done: four nodes found each other through a boot node, exchanged transactions, executed the same blocks and have the same state, ' +
  'although a longer branch replaced the chain and one of them was killed. The crawler found all five nodes.\n' +
  'Next: "npm run node -- dev --load 10" runs a chain of your own, "npm run crawler -- crawl --network hoodi --datadir ' +
  './hoodi" crawls a public network, and "npm run node -- --help" lists the options of a node.';

function portOf(enode: string): string {
  return /:(\d+)(?:\?|$)/.exec(enode)?.[1] ?? '0';
}

function short(enode: string): string {
  return enode.replace(/^(enode:\/\/.{8})[0-9a-f]+/, '$1…');
}

async function cleanUp(): Promise<void> {
  await dev?.close().catch(() => {});
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
