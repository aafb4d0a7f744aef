import { once } from 'node:events';
import { toHex } from '@devp2p/bytes';
import { systemClock } from '@devp2p/clock';
import { parseEnode } from '@devp2p/enr';
import { parseIpRange } from '@devp2p/ip';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../../soak/daemon.ts';
import { connectPeer, dial, type Guest, type Host, openHost, openSocket } from '../../soak/guest.ts';
import { openNetworkDatabase } from '../../src/storage/addresses.ts';
import { appear, type Findable } from './findable.ts';
import { datadir, start } from './scene.ts';

const hour = 3_600_000;
/** Offset of the daemon's clock, in ms. */
let ahead = 0;
/** Clock with the same offset as the daemon's. */
const clock = { ...systemClock, now: () => systemClock.now() + ahead };

const banned = '127.66.0.1';
const bannedForAWhile = ['127.67.0.1', '127.68.0.1'] as const;

let daemon: Daemon;
let enode: string;
/** The static node. */
let host: Host;
/** Found by discovery. The clock of the last one has no offset. */
let found: Findable[];
/** The daemon's peers: those above in the same order, then the inbound ones. */
let guests: Guest[];

async function timePasses(ms: number): Promise<void> {
  for (const end = ms; ms > 0; ms -= 5_000) {
    await daemon.pass(Math.min(end, 5_000));
    await Promise.all(guests.map(({ ask }) => ask()));
  }
}

/** Waits for an event while time passes for the daemon. */
async function before<T>(event: Promise<T>): Promise<T> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  event.then(end, end);
  while (!over) {
    await daemon.pass(1_000);
    await connectPeer(enode).then(({ peer }) => peer.disconnect('requested'));
  }
  return event;
}

beforeAll(async () => {
  const directory = datadir();
  const database = await openNetworkDatabase(directory);
  const ban = (ip: string, hours: number) => {
    const until = Date.now() + hours * hour;
    return { kind: 'ban', range: parseIpRange(`${ip}/32`), until, reason: 'test' } as const;
  };
  await database.bans.save([ban(banned, 9), ...bannedForAWhile.map((ip) => ban(ip, 0.5))]);
  await database.close();

  const others = ['127.0.1.1', '127.0.2.1', '127.0.3.1'].map((from) => appear({ from, clock }));
  found = await Promise.all([...others, appear({ from: '127.0.4.1' })]);
  host = await openHost();
  const bootnodes = found.map((one) => one.enode).join();
  const flags = ['--bootnodes', bootnodes, '--static', host.enode, '--http', '--http.port', '0'];
  const place = { datadir: directory, isTimeStill: true };
  daemon = start(place, ...flags, '--http.api', 'admin');
  enode = await daemon.enode;
  guests = await before(Promise.all([host, ...found].map((one) => one.nextGuest())));
  guests.push(...(await Promise.all([connectPeer(enode), connectPeer(enode), connectPeer(enode)])));
});
afterAll(async () => {
  host.close();
  await Promise.all(found.map((one) => one.close()));
});

async function jump(ms: number): Promise<void> {
  ahead += ms;
  await daemon.jump(ms);
}

/** The sorted hex ids of the peers that `admin_peers` reports. */
async function peers(): Promise<string[]> {
  const all = (await daemon.call('admin_peers')) as { enode: string }[];
  return all.map((peer) => toHex(parseEnode(peer.enode).id)).sort();
}

const isAccepted = (from: string): Promise<boolean> =>
  dial(enode, from).then(
    (stream) => {
      stream.destroy();
      return true;
    },
    () => false,
  );

/** Checks that all peers are connected, new ones are accepted, and discovery requests are answered. */
async function expectAllWell(): Promise<void> {
  expect(await peers()).toEqual(guests.map(({ stream }) => toHex(stream.localId)).sort());
  const newcomer = await connectPeer(enode);
  await newcomer.ask();
  await newcomer.peer.disconnect('requested');
  expect(await isAccepted(banned)).toBe(false);

  const node = parseEnode(enode);
  const asking = ahead === 0 ? found : found.slice(0, -1);
  const answers = asking.map(async ({ discovery }) => {
    await discovery.ping(node);
    // The daemon answers only while its endpoint proof of this node is valid.
    return discovery.requestEnr(node);
  });
  for (const { tcp } of await Promise.all(answers)) expect(tcp).toBe(node.tcp);
}

test.each([
  [hour, bannedForAWhile[0]],
  [-hour, bannedForAWhile[1]],
] as const)('HX-26 a clock that jumps by %i ms, and back, costs no peer and stops no timer', async (ms, address) => {
  expect(await isAccepted(address)).toBe(false);
  await expectAllWell();
  const heard = found.map(({ discovery }) => discovery.stats.received);
  const silent = (await openSocket(enode)).on('error', () => {}).resume();
  const ended = once(silent, 'close');

  await jump(ms);
  await expectAllWell();
  expect(silent.closed).toBe(false);
  await timePasses(60_000);
  await ended;
  await expectAllWell();
  // The end of a ban is a wall-clock time.
  expect(await isAccepted(address)).toBe(ms > 0);
  // The packets of a node with another time are expired, or their expiration is too far ahead.
  const { discovery } = found.at(-1) as Findable;
  await expect(discovery.ping(parseEnode(enode))).rejects.toMatchObject({ code: 'timeout' });

  // The delay before a static node is dialed again does not depend on the wall clock.
  guests[0]?.stream.destroy();
  guests[0] = await before(host.nextGuest());

  await jump(-ms);
  await expectAllWell();
  await timePasses(60_000);
  await expectAllWell();
  for (const [i, { discovery }] of found.entries()) {
    expect(discovery.stats.received).toBeGreaterThan(heard[i] ?? 0);
  }
});

test('HX-26 a clock that jumps forward and back repeatedly costs no peer', async () => {
  for (let round = 0; round < 10; round++) {
    await jump(round % 4 < 2 ? hour : -hour);
    await timePasses(5_000);
  }
  await jump(-ahead);
  await timePasses(30_000);
  await expectAllWell();
});
