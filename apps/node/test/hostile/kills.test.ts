import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Daemon } from '../../soak/daemon.ts';
import {
  addressStats,
  blocksIn,
  contents,
  copyOf,
  fullDatadir,
  introduce,
  openDemoChain,
  staysHome,
} from './datadir.ts';
import { datadir, start } from './scene.ts';

/** Number of kills. `.ci/run` sets it to 100. */
const { HOSTILE_KILLS = '4' } = process.env;
const kills = Number(HOSTILE_KILLS);
const timeout = 600_000 + kills * 10_000;

/** Blocks of the demo's chain. */
const height = 1_024;
/** When known addresses are saved next, in ms (`@devp2p/addrman`). */
const saveInterval = 15 * 60_000;

/** Waits for the moments at which a node is killed. */
const moments: readonly ((daemon: Daemon) => Promise<void>)[] = [
  (daemon) => daemon.logged(/phase=blocks done=[1-9]/),
  (daemon) => daemon.logged(/phase=headers done=[1-9]|phase=blocks/),
  async (daemon) => {
    await introduce(await daemon.enode);
    void daemon.pass(saveInterval);
    await daemon.logged(/known addresses saved/);
  },
  (daemon) => daemon.logged(/chain opened/),
  (daemon) => daemon.logged(/phase=blocks done=(?:[5-9]\d\d|(\d+) total=\1\b)/),
  async (daemon) => {
    await daemon.logged(/phase=blocks/);
    void daemon.stop();
    await daemon.logged(/closing/);
  },
  async (daemon) => {
    await introduce(await daemon.enode);
    void daemon.pass(saveInterval);
  },
  (daemon) => daemon.logged(/listening/),
];

/** Number of the last block that a node has logged as stored. */
function acknowledged({ stderr }: Daemon): number {
  const opened = Number(/chain opened .*head=(\d+)/.exec(stderr)?.[1] ?? 0);
  const reports = [...stderr.matchAll(/phase=blocks done=(\d+) total=(\d+)/g)];
  return Math.max(opened, ...reports.map(([, done, total]) => height - Number(total) + Number(done)));
}

const key = (directory: string): string => readFileSync(join(directory, 'nodekey'), 'utf8');

/** The stored addresses, bans and nodes of a directory. */
async function known(directory: string) {
  return {
    addresses: (await addressStats(directory)).size,
    bans: (await contents(directory, 'addresses')).get('bans'),
    nodes: [...(await contents(directory, 'nodes')).keys()],
  };
}

/** Two nodes run at the same time, for two processors. */
const lanes = [0, 1];

test(`HX-23 killed ${kills} times while it writes, a node starts again with all that it had logged as stored`, {
  timeout,
}, async () => {
  const full = await fullDatadir();
  const serving = await start(full, '--nodiscover').enode;
  await Promise.all(
    lanes.map((lane) => {
      const directory = copyOf(full);
      rmSync(join(directory, 'nodekey'));
      return killInTurns(directory, serving, lane);
    }),
  );
});

async function killInTurns(directory: string, serving: string, lane: number): Promise<void> {
  expect(await start(directory, ...staysHome, '--static', serving, '--sync.exit').ended).toBe(0);
  const ownKey = key(directory);
  let had = await known(directory);
  let head = height;
  const log = ['--verbosity', 'info,sync=debug,network=debug'];
  for (let round = lane; round < kills; round += lanes.length) {
    // The node needs blocks to download.
    if (head > height / 2) {
      const chain = await openDemoChain(directory);
      await chain.truncate(0);
      await chain.close();
      head = 0;
    }
    const daemon = start(directory, ...staysHome, '--static', serving, ...log);
    await moments[round % moments.length]?.(daemon);
    // The kill follows the log line after a varying delay.
    for (let turns = (round * 7) % 10; turns > 0; turns--) await turn();
    await daemon.kill('SIGKILL');
    expect(daemon.stderr, `round ${round}`).not.toContain('devp2p-node: ');

    const said = Math.max(head, acknowledged(daemon));
    head = await blocksIn(directory);
    expect(head, `round ${round}`).toBeGreaterThanOrEqual(said);
    expect(key(directory)).toBe(ownKey);
    const has = await known(directory);
    expect(has.addresses, `round ${round}`).toBeGreaterThanOrEqual(had.addresses);
    expect(has.bans).toBe(had.bans);
    expect(has.nodes).toEqual(expect.arrayContaining(had.nodes));
    had = has;
  }
  const last = start(directory, ...staysHome, '--static', serving, '--sync.exit');
  expect(await last.ended).toBe(0);
  expect(await blocksIn(directory)).toBe(height);
}

test('HX-23 killed while it makes its key, a node has a complete key or no key', {
  timeout,
}, async () => {
  for (let round = 0; round < Math.ceil(kills / 25); round++) {
    const directory = datadir();
    mkdirSync(directory, { mode: 0o700 });
    const daemon = start(directory, '--nodiscover', '--verbosity', 'error');
    while (!readdirSync(directory).some((name) => name.startsWith('nodekey'))) await turn();
    await daemon.kill('SIGKILL');
    const left = existsSync(join(directory, 'nodekey')) ? key(directory) : undefined;
    if (left !== undefined) expect(left).toMatch(/^[0-9a-f]{64}\n$/);
    const again = start(directory, '--nodiscover', '--verbosity', 'error');
    await again.enode;
    expect(key(directory)).toBe(left ?? key(directory));
    await again.kill('SIGKILL');
  }
});
