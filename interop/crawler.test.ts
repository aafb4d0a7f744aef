import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHex, toHex } from '@devp2p/bytes';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { createDnsClient } from '@devp2p/dnsdisc';
import { formatEnr, parseEnode } from '@devp2p/enr';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildGeth, startGeth, testChain } from './geth.ts';
import { enodeOf, startNode } from './node.ts';

const crawler = fileURLToPath(new URL('../apps/crawler/dist/main.js', import.meta.url));
const devp2p = fileURLToPath(new URL('bin/devp2p', import.meta.url));
const gethBinary = fileURLToPath(new URL('bin/geth', import.meta.url));

/** The exported fields of a node that are checked here. */
interface Found {
  readonly id: string;
  readonly status: string;
  readonly enr: string | null;
  readonly client: Record<string, string>;
  readonly capabilities: readonly string[];
  readonly eth: Record<string, unknown>;
}

let work: string;
let gethId: string;
let genesisHash: string;
let headHash: string;
let networkId: string;
let found: Map<string, Found>;
/** nodes.json of the crawl, and its path. */
let nodes: Record<string, { readonly seq: number; readonly record: string }>;
let nodesFile: string;

beforeAll(async () => {
  buildGeth();
  work = mkdtempSync(join(tmpdir(), 'devp2p-interop-'));
  const chain = testChain();
  ({ headHash, networkId } = chain);
  const boot = startNode(join(work, 'boot'), { ...chain, flags: ['--maxpeers=0'] });
  const bootnode = await enodeOf(boot);
  const geth = await startGeth(join(work, 'geth'), chain, { blocks: true, bootnode });
  const ours = startNode(join(work, 'node'), { ...chain, flags: [`--bootnodes=${bootnode}`] });
  gethId = toHex(parseEnode(geth.enode).id);
  const genesis = (await geth.rpc('eth_getBlockByNumber', ['0x0', false])) as { hash: string };
  genesisHash = genesis.hash;
  await enodeOf(ours);

  const datadir = join(work, 'crawl');
  const bootnodes = [bootnode, geth.enode].join(',');
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [crawler, ...args], { encoding: 'utf8', maxBuffer: 1e8 });
  run(
    ...['crawl', '--once', '--datadir', datadir, '--bootnodes', bootnodes],
    ...['--addr', '127.0.0.1', '--networkid', networkId, '--genesis', genesisHash],
  );
  await Promise.all([boot, ours, geth].map((program) => program.stop()));
  const lines = run('export', '--datadir', datadir).trim().split('\n');
  found = new Map(lines.map((line) => JSON.parse(line) as Found).map((node) => [node.id, node]));
  nodesFile = join(work, 'nodes.json');
  run('export', '--datadir', datadir, '--format', 'nodes.json', '--output', nodesFile);
  nodes = JSON.parse(readFileSync(nodesFile, 'utf8'));
}, 900_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('CR-01 CR-02 our crawler reports the client, capabilities and status of geth', () => {
  expect(found.size).toBe(3);
  expect(found.get(gethId)).toMatchObject({
    status: 'chain',
    client: {
      name: 'geth',
      version: expect.stringMatching(/^1\.17\.10/),
      os: 'linux',
      language: expect.stringMatching(/^go1\./),
    },
    capabilities: expect.arrayContaining(['eth/69', 'snap/1']),
    eth: {
      version: expect.toSatisfy((version) => version >= 69),
      networkId: Number(networkId),
      genesis: genesisHash,
      ...{ earliest: 0, latest: 600, latestHash: headHash },
      forkId: { hash: expect.stringMatching(/^0x[0-9a-f]{8}$/) },
    },
  });
});

test("CR-11 go-ethereum's nodeset commands read our nodes.json", () => {
  const run = (...args: string[]) => execFileSync(devp2p, ['nodeset', ...args], { encoding: 'utf8' });
  const info = run('info', nodesFile);
  expect(info).toContain('Set contains 3 nodes.');
  expect(info).toMatch(/ eth: 3\n/);
  const all = JSON.parse(run('filter', nodesFile, '-ip', '127.0.0.0/8')) as typeof nodes;
  expect(Object.keys(all).sort()).toEqual(Object.keys(nodes).sort());
  for (const [id, { seq, record }] of Object.entries(all)) expect(nodes[id]).toMatchObject({ seq, record });
  expect(JSON.parse(run('filter', nodesFile, '-snap'))).toEqual({
    [toHex(crypto.keccak256(fromHex(gethId)))]: expect.objectContaining({}),
  });
  expect(JSON.parse(run('filter', nodesFile, '-ip', '10.0.0.0/8'))).toEqual({});
});

test('CR-11 our client reads a DNS tree that go-ethereum signs from our nodes.json', async () => {
  const tree = join(work, 'tree');
  mkdirSync(tree);
  copyFileSync(nodesFile, join(tree, 'nodes.json'));
  const domain = 'nodes.example.org';
  const run = (...args: string[]) => execFileSync(devp2p, ['dns', ...args], { encoding: 'utf8', input: 'password\n' });
  run('sign', '--domain', domain, tree, makeKeystore());
  const zone = JSON.parse(run('to-txt', tree)) as Record<string, string>;
  const { url } = JSON.parse(readFileSync(join(tree, 'enrtree-info.json'), 'utf8')) as {
    url: string;
  };
  const client = createDnsClient({
    crypto,
    requestsPerSecond: 1_000,
    resolveTxt: async (name) => (zone[name] === undefined ? [] : [[zone[name]]]),
  });
  const read = new Set<string>();
  for await (const record of client.randomNodes(url)) {
    read.add(formatEnr(record));
    if (read.size === 3) break;
  }
  expect([...read].sort()).toEqual(
    Object.values(nodes)
      .map(({ record }) => record)
      .sort(),
  );
  expect(client.stats.refused).toEqual({});
});

/** A key in the format of `devp2p dns sign`. */
function makeKeystore(): string {
  const folder = join(work, 'keys');
  const [key, password] = [join(work, 'key'), join(work, 'password')];
  writeFileSync(key, toHex(generatePrivateKey()));
  writeFileSync(password, 'password\n');
  const flags = ['--keystore', folder, '--lightkdf', '--password', password];
  execFileSync(gethBinary, ['account', 'import', ...flags, key], { stdio: 'ignore' });
  const [name = ''] = readdirSync(folder);
  return join(folder, name);
}
