import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fastCrypto } from '@devp2p/crypto/fast';
import { parseEnode, toHex } from '@devp2p/enr';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { buildGeth, type GethOptions, startGeth, type TestChain, testChain } from './geth.ts';
import { enodeOf, startNode } from './node.ts';
import type { Program } from './program.ts';

const devp2p = fileURLToPath(new URL('bin/devp2p', import.meta.url));

let work: string;
let chain: TestChain;
const running = new Set<{ stop(): Promise<void> }>();
let folders = 0;

beforeAll(() => {
  buildGeth();
  work = mkdtempSync(join(tmpdir(), 'devp2p-interop-'));
  chain = testChain();
}, 900_000);
afterEach(async () => {
  await Promise.all([...running].map((one) => one.stop()));
  running.clear();
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function node(flags: string[]): Program {
  const program = startNode(join(work, `node-${folders++}`), { ...chain, flags });
  running.add(program);
  return program;
}

async function geth(options: GethOptions): ReturnType<typeof startGeth> {
  const started = await startGeth(join(work, `geth-${folders++}`), chain, options);
  running.add(started);
  return started;
}

const idOf = (enode: string): string => toHex(parseEnode(enode).id);

test('ND-18 our node finds a geth that dials nobody through our boot node, and syncs from it', async () => {
  const boot = await enodeOf(node(['--maxpeers=0']));
  const { enode } = await geth({ blocks: true, bootnode: boot, dials: false });
  const ours = node([`--bootnodes=${boot}`, `--sync.target=${chain.headHash}`, '--sync.exit']);
  const [line] = await ours.line(/^synced .*/);
  expect(line).toContain(`number=${chain.headNumber} hash=${chain.headHash} `);
  expect(await ours.exited).toBe(0);
  expect(ours.lines.join('\n')).toContain(idOf(enode).slice(0, 16));
});

test('ND-18 a geth finds our node, which dials nobody, through our boot node', async () => {
  const boot = await enodeOf(node(['--maxpeers=0']));
  const ours = await enodeOf(node([`--bootnodes=${boot}`, '--nodial']));
  const { program, rpc } = await geth({ blocks: true, bootnode: boot });
  await program.line(
    new RegExp(`Adding p2p peer .*id=${nodeHash(ours).slice(0, 16)} .*conn=dyndial`),
  );
  const peers = (await rpc('admin_peers')) as { id: string; network: { inbound: boolean } }[];
  expect(peers.map(({ id, network }) => [id, network.inbound])).toEqual([[nodeHash(ours), false]]);
});

test("D4-13 go-ethereum's discv4 crawler finds the whole of a network of ours", async () => {
  const boot = await enodeOf(node(['--maxpeers=0']));
  const others = await Promise.all(
    Array.from({ length: 7 }, () => enodeOf(node([`--bootnodes=${boot}`]))),
  );
  const file = join(work, 'nodes.json');
  execFileSync(devp2p, ['discv4', 'crawl', `--bootnodes=${boot}`, '--timeout=20s', file]);
  const found = Object.keys(JSON.parse(readFileSync(file, 'utf8')));
  expect(found.sort()).toEqual([boot, ...others].map(nodeHash).sort());
});

/** What go-ethereum calls a node's id: the hash of its public key. */
function nodeHash(enode: string): string {
  return toHex(fastCrypto.keccak256(parseEnode(enode).id));
}
