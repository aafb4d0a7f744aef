import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Daemon } from '../../soak/daemon.ts';
import { connectPeer } from '../../soak/guest.ts';
import {
  addressStats,
  blocksIn,
  contents,
  copyOf,
  databases,
  fingerprint,
  fullDatadir,
  introduce,
  open,
  plant,
  staysHome,
} from './datadir.ts';
import { chainFile, datadir, run, start } from './scene.ts';

const quiet = ['--verbosity', 'error'];
/** When known addresses are saved next, in ms (`@devp2p/addrman`). */
const saveInterval = 15 * 60_000;

/** A datadir with an entry in every database. Tests copy or read it. */
let full: string;
/** Its entries. */
let addresses: ReadonlyMap<string, string>;
let nodes: ReadonlyMap<string, string>;
/** Keys of a found node, and of the local record. */
let found: string;
let local: string;
beforeAll(async () => {
  full = await fullDatadir();
  addresses = await contents(full, 'addresses');
  nodes = await contents(full, 'nodes');
  found = [...nodes.keys()].find((key) => key.startsWith('node/')) ?? '';
  local = [...nodes.keys()].find((key) => key.startsWith('local/')) ?? '';
});

/** Expects exit code 1 and one line on standard error. */
async function expectFailure(daemon: Daemon, ...words: readonly string[]): Promise<void> {
  const code = await daemon.ended;
  expect(daemon.stderr).toMatch(/^devp2p-node: .*\n$/);
  for (const word of words) expect(daemon.stderr).toContain(word);
  expect(code).toBe(1);
}

describe.each(databases)('HX-22 the database "%s"', (name) => {
  test('HX-22 locked: one line reports it, and no entry changes', async () => {
    const directory = copyOf(full);
    const before = await contents(directory, name);
    const other = await open(directory, name);
    await expectFailure(start(directory, ...quiet), directory, 'in use by another process; stop it');
    await other.close();
    expect(await contents(directory, name)).toEqual(before);
  });

  test('HX-22 damaged: one line reports it, no file is overwritten, the other databases can be read', async () => {
    const directory = copyOf(full);
    const location = join(directory, name);
    const manifest = readdirSync(location).find((file) => file.startsWith('MANIFEST')) ?? '';
    writeFileSync(join(location, manifest), 'x'.repeat(100));
    const before = fingerprint(location);
    await expectFailure(start(directory, ...quiet), location, 'damaged');
    expect(fingerprint(location)).toEqual(before);
    if (name !== 'chain') expect(await blocksIn(directory)).toBe(1_024);
    if (name !== 'nodes') expect(await contents(directory, 'nodes')).toEqual(nodes);
    if (name !== 'addresses') {
      expect((await contents(directory, 'addresses')).get('bans')).toBe(addresses.get('bans'));
      expect((await addressStats(directory)).size).toBe((await addressStats(full)).size);
    }
  });
});

test('HX-22 damaged addresses and anchors are set aside, the other entries stay', async () => {
  const directory = copyOf(full);
  await plant(directory, 'addresses', 'addresses', 'nonsense');
  await plant(directory, 'addresses', 'anchors', '{');
  const daemon = start(directory, '--nodiscover', '--verbosity', 'warn');
  const { ask } = await connectPeer(await daemon.enode);
  await ask();
  await daemon.logged(/anchor nodes cannot be stored or read/);
  expect(daemon.stderr).toMatch(/network: anchor nodes cannot be stored or read .*set aside/);
  expect(daemon.stderr).toMatch(/network: stored addresses are damaged: they are set aside/);
  expect(await daemon.stop()).toBe(0);
  const after = await contents(directory, 'addresses');
  const aside = [...after].filter(([key]) => / set aside \d+$/.test(key));
  expect(aside.map(([, value]) => value)).toEqual(['nonsense', '{']);
  expect(after.get('bans')).toBe(addresses.get('bans'));
  expect((await addressStats(directory)).size).toBe(0);
});

test('HX-22 a damaged ban is named, and no entry is overwritten', async () => {
  const directory = copyOf(full);
  await plant(directory, 'addresses', 'bans', '[{"range":"192.0.2.0/33"}]');
  await expectFailure(start(directory, ...quiet), directory, '192.0.2.0/33', 'the database is unchanged');
  expect((await contents(directory, 'addresses')).get('bans')).toBe('[{"range":"192.0.2.0/33"}]');
  expect((await addressStats(directory)).size).toBe((await addressStats(full)).size);
});

test('HX-22 damaged node records are logged, the others are loaded', async () => {
  const directory = copyOf(full);
  const other = found.replace(/\/\w{2}/, '/00');
  await plant(directory, 'nodes', other, 'nonsense');
  await plant(directory, 'nodes', local, 'nonsense');
  const daemon = start(directory, ...staysHome, '--verbosity', 'debug');
  await daemon.enode;
  expect(daemon.stderr).toContain(`invalid node database entry ${other}`);
  expect(await daemon.stop()).toBe(0);
  const after = await contents(directory, 'nodes');
  expect([...after.keys()]).toEqual([local, found]);
  expect(after.get(local)).not.toBe('nonsense');
});

describe.skipIf(process.platform === 'win32')('HX-22 a full disk', () => {
  test('HX-22 while a chain is imported: one line reports it, and the imported blocks are kept', async () => {
    const directory = datadir();
    const failure = await run({ fileBlocks: 500 }, 'import', chainFile, '--datadir', directory).then(
      () => undefined,
      (error: { code: number; stderr: string }) => error,
    );
    expect(failure?.code).toBe(1);
    expect(failure?.stderr).toMatch(/^devp2p-node: .*chain.*File too large\n$/m);
    const kept = await blocksIn(directory);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(1_024);
    await run(undefined, 'import', chainFile, '--datadir', directory);
    expect(await blocksIn(directory)).toBe(1_024);
  });

  test('HX-22 while a chain is synced: one line reports it, and the next start continues', async () => {
    const serving = start(full, '--nodiscover');
    const flags = ['--nodiscover', '--static', await serving.enode, '--sync.exit', ...quiet];
    const directory = datadir();
    await expectFailure(
      start({ datadir: directory, fileBlocks: 1_000 }, ...flags),
      join(directory, 'chain'),
      'File too large',
    );
    expect(await start(directory, ...flags).ended).toBe(0);
    expect(await blocksIn(directory)).toBe(1_024);
    await serving.stop();
  });

  test('HX-22 while a node runs: it continues, logs each failed save, and damages no database', async () => {
    const directory = copyOf(full);
    // Opening a database moves its log into a table, which the node would otherwise have to write.
    for (const name of databases) await contents(directory, name);
    const place = { datadir: directory, fileBlocks: 4 };
    // Execution ends with the first failed write of the state.
    const daemon = start(place, ...staysHome, '--no-exec', '--verbosity', 'warn');
    const enode = await daemon.enode;
    await daemon.pass(saveInterval);
    await daemon.logged(/not saved/);
    expect(daemon.stderr).toMatch(/network: known addresses are not saved .*large/);
    for (let guests = 0; guests < 50 && !daemon.stderr.includes('store failed'); guests++) {
      await introduce(enode);
    }
    expect(daemon.stderr).toMatch(/discovery: store failed .*nodes.*large/);
    const { ask } = await connectPeer(enode);
    await ask();
    expect(await daemon.stop()).toBe(1);
    expect(daemon.stderr).toMatch(/^devp2p-node: address database .* cannot be used \(.*large\)\n/m);
    expect((await contents(directory, 'addresses')).get('bans')).toBe(addresses.get('bans'));
    expect((await addressStats(directory)).size).toBe((await addressStats(full)).size);
    expect([...(await contents(directory, 'nodes')).keys()]).toContain(found);
    expect(await blocksIn(directory)).toBe(1_024);
  });

  test('HX-22 while a node logs to a file there: it continues', async () => {
    const directory = datadir();
    const log = `${directory}.log`;
    const fileBlocks = 20;
    const daemon = start({ datadir: directory, fileBlocks, log }, '--nodiscover', '--verbosity', '5');
    const enode = await daemon.enode;
    for (let isFull = false; !isFull; isFull = statSync(log).size >= 512 * fileBlocks) {
      const { peer } = await connectPeer(enode);
      await peer.disconnect('requested');
    }
    const { ask } = await connectPeer(enode);
    await ask();
    expect(await daemon.stop()).toBe(0);
  });

  test('HX-22 at the first start: one line reports it, no key is made, and the next start succeeds', async () => {
    const directory = datadir();
    const daemon = start({ datadir: directory, fileBlocks: 0 }, ...quiet);
    await expectFailure(daemon, join(directory, 'chain'), 'File too large');
    expect(readdirSync(directory)).toEqual(['chain']);
    const again = start(directory, '--nodiscover', ...quiet);
    await again.enode;
    expect(readFileSync(join(directory, 'nodekey'), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await again.stop()).toBe(0);
  });
});
