import { expect, test } from 'vitest';
import { enodeOf } from './node.ts';
import { Scene } from './scene.ts';

const scene = new Scene();
const startNode = (flags: string[]) => scene.startNode(['--nodiscover', ...flags]);

/** The log line of our node about a disconnected peer. */
const dropped = (reason: string, direction: string) =>
  new RegExp(`peer dropped .*reason="?${reason}"? .*direction=${direction}`);

// With two peers at most, geth reserves one slot for outbound connections.
test('CM-18 PE-04 a full geth refuses our static node, which logs that the remote disconnected', async () => {
  const { enode } = await scene.startGeth({ blocks: true, maxPeers: 2 });
  const first = startNode(['--static', enode]);
  await first.line(/peer added .*static=true/);
  const second = startNode(['--static', enode]);
  await second.line(dropped('too many peers', 'remote'));
  // The slot is free again, and a static node is dialed until it is connected.
  await first.stop();
  await second.line(/peer added .*client="?Geth/);
});

test('CM-11 CM-18 PE-04 our full node refuses geth, except a trusted one', async () => {
  const { enode, rpc } = await scene.startGeth({ blocks: false });
  const full = startNode(['--maxpeers=0']);
  expect(await rpc('admin_addPeer', [await enodeOf(full)])).toBe(true);
  await full.line(dropped('too many peers', 'local'));
  const friend = startNode(['--maxpeers=0', '--trusted', enode]);
  expect(await rpc('admin_addPeer', [await enodeOf(friend)])).toBe(true);
  await friend.line(/peer added .*inbound=true .*client="?Geth/);
});
