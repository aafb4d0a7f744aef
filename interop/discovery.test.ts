import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toHex } from '@devp2p/bytes';
import { fastCrypto } from '@devp2p/crypto/fast';
import { parseEnode } from '@devp2p/enr';
import { expect, test } from 'vitest';
import { enodeOf } from './node.ts';
import { Scene } from './scene.ts';

const devp2p = fileURLToPath(new URL('bin/devp2p', import.meta.url));

const scene = new Scene();

test('ND-18 our node finds a geth that does not dial through our boot node, and syncs from it', async () => {
  const boot = await enodeOf(scene.startNode(['--maxpeers=0']));
  const { enode } = await scene.startGeth({ blocks: true, bootnode: boot, dials: false });
  const ours = scene.startNode([`--bootnodes=${boot}`, `--sync.target=${scene.chain.headHash}`, '--sync.exit']);
  const [line] = await ours.line(/^synced .*/);
  expect(line).toContain(`number=${scene.chain.headNumber} hash=${scene.chain.headHash} `);
  expect(await ours.exited).toBe(0);
  expect(ours.lines.join('\n')).toContain(nodeHash(enode).slice(0, 16));
});

test('ND-18 a geth finds our node, which does not dial, through our boot node', async () => {
  const boot = await enodeOf(scene.startNode(['--maxpeers=0']));
  const ours = await enodeOf(scene.startNode([`--bootnodes=${boot}`, '--nodial']));
  const { program, rpc } = await scene.startGeth({ blocks: true, bootnode: boot });
  await program.line(new RegExp(`Adding p2p peer .*id=${nodeHash(ours).slice(0, 16)} .*conn=dyndial`));
  const peers = (await rpc('admin_peers')) as { id: string; network: { inbound: boolean } }[];
  expect(peers.map(({ id, network }) => [id, network.inbound])).toEqual([[nodeHash(ours), false]]);
});

test("D4-13 go-ethereum's discv4 crawler finds all nodes of a network of ours", async () => {
  const boot = await enodeOf(scene.startNode(['--maxpeers=0']));
  const others = await Promise.all(Array.from({ length: 7 }, () => enodeOf(scene.startNode([`--bootnodes=${boot}`]))));
  const file = join(scene.folder, 'nodes.json');
  execFileSync(devp2p, ['discv4', 'crawl', `--bootnodes=${boot}`, '--timeout=20s', file]);
  const found = Object.keys(JSON.parse(readFileSync(file, 'utf8')));
  expect(found.sort()).toEqual([boot, ...others].map(nodeHash).sort());
});

/** The node id in go-ethereum's sense: the hash of the public key. */
function nodeHash(enode: string): string {
  return toHex(fastCrypto.keccak256(parseEnode(enode).id));
}
