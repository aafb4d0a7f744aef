import { expect, test } from 'vitest';
import { enodeOf } from './node.ts';
import { Scene } from './scene.ts';

const scene = new Scene();
const startNode = (flags: string[]) => scene.startNode(['--nodiscover', ...flags]);

/** What our node says of a peer that is gone. */
const dropped = (reason: string, direction: string) =>
  new RegExp(`peer dropped .*reason="?${reason}"? .*direction=${direction}`);

// Of two peers, geth keeps one place for whom it dials itself.
test('CM-18 PE-04 a full geth turns our static node away, and it says whose word that was', async () => {
  const { enode } = await scene.startGeth({ blocks: true, maxPeers: 2 });
  const first = startNode(['--static', enode]);
  await first.line(/peer added .*static=true/);
  const second = startNode(['--static', enode]);
  await second.line(dropped('too many peers', 'remote'));
  // The place is free again, and a static node is dialled until it is taken.
  await first.stop();
  await second.line(/peer added .*client="?Geth/);
});

test('CM-11 CM-18 PE-04 our full node turns geth away, but for one that is trusted', async () => {
  const { enode, rpc } = await scene.startGeth({ blocks: false });
  const full = startNode(['--maxpeers=0']);
  expect(await rpc('admin_addPeer', [await enodeOf(full)])).toBe(true);
  await full.line(dropped('too many peers', 'local'));
  const friend = startNode(['--maxpeers=0', '--trusted', enode]);
  expect(await rpc('admin_addPeer', [await enodeOf(friend)])).toBe(true);
  await friend.line(/peer added .*inbound=true .*client="?Geth/);
});
