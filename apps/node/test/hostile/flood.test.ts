import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAddrMan } from '@devp2p/addrman';
import { toHex } from '@devp2p/bytes';
import { parseEnode } from '@devp2p/enr';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../../soak/daemon.ts';
import { type NetworkDatabase, openNetworkDatabase } from '../../src/storage/addresses.ts';
import { type Crowd, gather, Liar } from './crowd.ts';
import { datadir, start } from './scene.ts';

/**
 * The attacker's networks (/16) and addresses, and how often the daemon starts again. The addresses are those of this
 * machine, which have buckets like any others, but of which any number may be dialed and kept. With all addresses for
 * this machine's, all rules are in force:
 *
 *     unshare -Urn sh -c 'ip link set lo up && ip route add local 0.0.0.0/0 dev lo &&
 *       HOSTILE_INTERNET=1 HOSTILE_FLOOD=4/256 npx vitest run --project unit apps/node/test/hostile/flood.test.ts'
 */
const { HOSTILE_FLOOD = '8/128', HOSTILE_RESTARTS = '2', HOSTILE_INTERNET } = process.env;
const [groups = 0, ids = 0] = HOSTILE_FLOOD.split('/').map(Number);
const restarts = Number(HOSTILE_RESTARTS);
/** Honest addresses that the daemon knows before the flood. */
const honest = { all: 500, tried: 100 };
/** Outbound slots, as in the table of `@devp2p/addrman`. */
const slots = 8;

/** A script, which runs without a build step. */
const script: string = '../../../../packages/addrman/test/capture.mjs';
const { bound }: { bound(options: Record<string, number>): number } = await import(script);

/** Adjacent networks, apart from the attacker's. */
const isLocal = HOSTILE_INTERNET === undefined;
const honestHost = (n: number): string =>
  isLocal ? `127.${2 + (n % 90)}.${Math.floor(n / 90)}.1` : `${11 + (n % 80)}.${Math.floor(n / 80)}.7.1`;
const attackerHost = (n: number): string => {
  const inGroup = Math.floor(n / groups);
  const first = isLocal ? `127.${100 + (n % groups)}` : `130.${n % groups}`;
  return `${first}.${inGroup % 256}.${1 + Math.floor(inGroup / 256)}`;
};

const directory = datadir();
let crowd: Crowd;
/** Hex ids. */
let attackerIds: Set<string>;
let liars: Liar[];
/** The largest share of the slots that the design gives to the attacker. */
let most: number;

/** The addresses in the daemon's database, while the daemon does not run. */
async function read<T>(look: (database: NetworkDatabase) => Promise<T>): Promise<T> {
  const database = await openNetworkDatabase(directory);
  const result = await look(database);
  await database.close();
  return result;
}

beforeAll(async () => {
  const away = new Set(
    Array.from({ length: honest.all }, (_, n) => n)
      .filter((n) => n % 10 > 6)
      .map(honestHost),
  );
  crowd = await gather((host) => !away.has(host));
  const book = createAddrMan({ isRoutable: () => true });
  for (let n = 0; n < honest.all; n++) {
    const source = { kind: 'peer', ip: crowd.at(honestHost((7 * n) % honest.all)).address.ip };
    const node = crowd.at(honestHost(n));
    book.add([node], source as { kind: 'peer'; ip: Uint8Array });
    if (n < honest.tried) book.good(node.id);
  }
  await read(({ addresses }) => addresses.save(book.snapshot()));
  const { newSlots, tried } = book.stats;
  most = bound({ groups, ids, new: newSlots, tried });

  const nodes = Array.from({ length: ids }, (_, n) => crowd.at(attackerHost(n)));
  attackerIds = new Set(nodes.map(({ id }) => toHex(id)));
  liars = await Promise.all(nodes.map((_, n) => new Liar(crowd, attackerHost(n), nodes).open()));
});
afterAll(() => {
  crowd.close();
  for (const liar of liars) liar.close();
});

const flags = ['--maxpeers', String(slots), '--dialratio', '1', '--http', '--http.port', '0'];
const run = (): Daemon => start(directory, ...flags, '--http.api', 'admin');

/** Hex ids of the outbound peers, once all outbound slots are taken. */
async function dialed(daemon: Daemon): Promise<string[]> {
  for (;;) {
    const peers = (await daemon.call('admin_peers')) as { enode: string }[];
    if (peers.length === slots) return peers.map(({ enode }) => toHex(parseEnode(enode).id));
    await daemon.pass(1_000);
  }
}

/** Passes the minute after which peers count as useful. */
async function minutePasses(daemon: Daemon): Promise<void> {
  for (let ms = 0; ms < 65_000; ms += 5_000) {
    await daemon.pass(5_000);
    // Connections of feeler dials have closed.
    await Promise.all([...crowd.guests].map(({ ask }) => ask().catch(() => {})));
  }
}

/** Waits until the log file of the database has two anchors, which then survive a kill. */
async function anchorsWritten(daemon: Daemon): Promise<void> {
  const folder = join(directory, 'addresses');
  const written = (): boolean =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .some((name) => /\["enode:[^\]]+","enode:[^\]]+"\]/.test(readFileSync(join(folder, name), 'latin1')));
  while (!written()) await daemon.call('admin_nodeInfo');
}

async function anchors(): Promise<string[]> {
  return read(async (database) => {
    const nodes = await database.anchors.take();
    await database.anchors.save(nodes);
    return nodes.map(({ id }) => toHex(id));
  });
}

test('HX-25 a flood of addresses gets no more of the outbound slots than its buckets, and none of the anchors', async () => {
  let daemon = run();
  const node = parseEnode(await daemon.enode);
  expect((await dialed(daemon)).filter((id) => attackerIds.has(id))).toEqual([]);
  await minutePasses(daemon);

  for (const liar of liars.slice(0, groups)) liar.greet(node);
  const answers = (): number => liars.reduce((sum, liar) => sum + liar.answers, 0);
  // Each of the attacker's addresses is announced about once from each of its networks.
  while (answers() < (groups * ids) / 16) {
    await daemon.pass(1_000);
    await daemon.call('admin_nodeInfo');
  }

  let captured = 0;
  for (let restart = 0; restart < restarts; restart++) {
    if (restart % 2 === 0) expect(await daemon.stop()).toBe(0);
    else {
      await anchorsWritten(daemon);
      expect(await daemon.kill('SIGKILL')).toBe('SIGKILL');
    }
    const kept = await anchors();
    expect(kept).toHaveLength(2);
    expect(kept.filter((id) => attackerIds.has(id))).toEqual([]);
    if (restart === 0) {
      const snapshot = (await read(({ addresses }) => addresses.load())) ?? new Uint8Array();
      const entries = [...createAddrMan({ snapshot, isRoutable: () => true }).entries()];
      const known = entries.filter(({ id }) => attackerIds.has(toHex(id))).length;
      expect(known).toBeGreaterThan(isLocal ? ids / 2 : 0);
    }
    daemon = run();
    await daemon.enode;
    const now = await dialed(daemon);
    expect(now).toEqual(expect.arrayContaining(kept));
    captured += now.filter((id) => attackerIds.has(id)).length;
    await minutePasses(daemon);
  }
  const share = captured / (slots * restarts);
  expect(share).toBeLessThanOrEqual(most);
  // Half of the dials are to tried addresses, few of which are the attacker's if it has fewer than the others.
  if (ids < honest.all) expect(share).toBeLessThan(0.5);
});
