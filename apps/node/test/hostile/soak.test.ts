import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { balance, churn, dialOut } from '../../soak/churn.ts';
import { Daemon } from '../../soak/daemon.ts';
import { idle, roomFor } from '../../soak/idle.ts';

/** Sizes of the test. `npm run soak` is the long form. */
const { HOSTILE_CONNECTIONS = '80', HOSTILE_PEERS = '25' } = process.env;
const connections = Number(HOSTILE_CONNECTIONS);
const peers = Number(HOSTILE_PEERS);

const folder = mkdtempSync(join(tmpdir(), 'soak-'));
let daemon: Daemon | undefined;
afterEach(async () => {
  expect(await daemon?.stop()).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

test('HX-28 connections made and lost leave no handle, timer, listener or heap behind; idle peers use little memory', async () => {
  const flags = ['--http', '--http.port', '0', '--http.api', 'admin', ...roomFor(peers)];
  const node = new Daemon(folder, '--nodiscover', ...flags);
  daemon = node;
  const enode = await node.enode;
  await churn({ enode }, { connections: 30 });
  await dialOut(node, 3);
  const { left } = await balance(node, async () => {
    await Promise.all([churn({ enode }, { connections }), dialOut(node, Math.ceil(connections / 20))]);
  });
  expect(left).toEqual([]);
  // Apart from the counted sockets, only the databases open files.
  const { rss, descriptors } = node;
  const crowd = await idle(node, { peers, duration: 1_000 });
  expect(crowd.peers).toBe(peers);
  // The constant part is garbage of the earlier connections: V8 decides when it is collected.
  expect(crowd.rss - rss).toBeLessThan(100e6 + peers * 215e3);
  expect(crowd.descriptors).toBeLessThan(descriptors + peers + 10);
});
