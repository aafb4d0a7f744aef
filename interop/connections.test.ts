import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { buildGeth, type Geth, startGeth, type TestChain, testChain } from './geth.ts';
import { enodeOf, startNode } from './node.ts';
import type { Program } from './program.ts';

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
  const program = startNode(join(work, `node-${folders++}`), {
    ...chain,
    flags: ['--nodiscover', ...flags],
  });
  running.add(program);
  return program;
}

async function geth(options: { blocks: boolean; maxPeers?: number }): Promise<Geth> {
  const started = await startGeth(join(work, `geth-${folders++}`), chain, options);
  running.add(started);
  return started;
}

/** What our node says of a peer that is gone. */
const dropped = (reason: string, direction: string) =>
  new RegExp(`peer dropped .*reason="?${reason}"? .*direction=${direction}`);

// Of two peers, geth keeps one place for whom it dials itself.
test('CM-18 PE-04 a full geth turns our static node away, and it says whose word that was', async () => {
  const { enode } = await geth({ blocks: true, maxPeers: 2 });
  const first = node(['--static', enode]);
  await first.line(/peer added .*static=true/);
  const second = node(['--static', enode]);
  await second.line(dropped('too many peers', 'remote'));
  // The place is free again, and a static node is dialled until it is taken.
  await first.stop();
  running.delete(first);
  await second.line(/peer added .*client="?Geth/);
});

test('CM-11 CM-18 PE-04 our full node turns geth away, but for one that is trusted', async () => {
  const { enode, rpc } = await geth({ blocks: false });
  const full = node(['--maxpeers=0']);
  expect(await rpc('admin_addPeer', [await enodeOf(full)])).toBe(true);
  await full.line(dropped('too many peers', 'local'));
  const friend = node(['--maxpeers=0', '--trusted', enode]);
  expect(await rpc('admin_addPeer', [await enodeOf(friend)])).toBe(true);
  await friend.line(/peer added .*inbound=true .*client="?Geth/);
});
