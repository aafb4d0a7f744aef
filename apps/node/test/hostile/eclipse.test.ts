import { toHex } from '@devp2p/bytes';
import { parseEnode } from '@devp2p/enr';
import { afterAll, expect, test } from 'vitest';
import type { Daemon } from '../../soak/daemon.ts';
import { connectPeer, dial, type Guest, type Host, loopback, openHost } from '../../soak/guest.ts';
import { appear, type Findable } from './findable.ts';
import { datadir, start } from './scene.ts';

/** `--maxpeers`: two thirds are inbound places, and with more than 20 of them some peers may be evicted. */
const { HOSTILE_MAXPEERS = '33' } = process.env;
const maxPeers = Number(HOSTILE_MAXPEERS);
const maxInbound = maxPeers - Math.floor(maxPeers / 3);
const flags = ['--maxpeers', String(maxPeers), '--http', '--http.port', '0', '--http.api', 'admin'];

const open: { close(): unknown }[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));
async function opened<T extends { close(): unknown }>(one: Promise<T>): Promise<T> {
  open.push(await one);
  return one;
}

/** Connects `count` times, each time with another key, and never disconnects. */
async function besiege(enode: string, count: number): Promise<void> {
  let left = count;
  const come = async (): Promise<void> => {
    while (left-- > 0) {
      // Some are refused because of the others.
      await connectPeer(enode, loopback(left)).catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: 20 }, come));
}

/** The ids of the daemon's outbound and inbound peers. */
async function peers(daemon: Daemon): Promise<{ dialed: Set<string>; inbound: Set<string> }> {
  const all = (await daemon.call('admin_peers')) as {
    enode: string;
    network: { inbound: boolean };
  }[];
  const ids = (inbound: boolean) =>
    new Set(all.filter(({ network }) => network.inbound === inbound).map(({ enode }) => toHex(parseEnode(enode).id)));
  return { dialed: ids(false), inbound: ids(true) };
}

const idOf = ({ stream }: Guest): string => toHex(stream.localId);

/** Waits until the daemon has dialed all hosts. */
async function arrivals(daemon: Daemon, hosts: readonly Host[]): Promise<Guest[]> {
  let over = false;
  const all = Promise.all(hosts.map((host) => host.nextGuest())).finally(() => {
    over = true;
  });
  while (!over) {
    await daemon.pass(5_000);
    // Gives the other connections time between two steps.
    await daemon.call('admin_nodeInfo');
  }
  return all;
}

test('HX-24 a crowd that takes every inbound place before the first dial blocks neither dials nor newcomers', async () => {
  const directory = datadir();
  let isThere = true;
  const from = ['127.0.1.1', '127.0.2.1', '127.0.3.1'];
  const known = await Promise.all(from.map((host) => opened(appear({ from: host, isThere: () => isThere }))));
  const before = start(directory, '--bootnodes', known.map(({ enode }) => enode).join(), ...flags);
  await before.enode;
  for (const { stream } of await arrivals(before, known)) stream.destroy();
  expect(await before.stop()).toBe(0);
  await Promise.all(known.map(({ discovery }) => discovery.close()));

  isThere = false;
  const chosen = await opened(openHost('127.0.4.1', undefined, () => isThere));
  const boot: Findable = await opened(appear({ from: '127.0.5.1', isThere: () => isThere }));
  const way = ['--static', chosen.enode, '--bootnodes', boot.enode];
  const daemon = start(directory, ...way, ...flags);
  const enode = await daemon.enode;
  const first = await connectPeer(enode);
  await besiege(enode, 10 * maxPeers);
  const besieged = await peers(daemon);
  expect(besieged.dialed.size).toBe(0);
  expect(besieged.inbound.size).toBe(maxInbound);
  // The peer that connected before them is still connected.
  await first.ask();

  // The static node, the boot node, and those in the address book.
  isThere = true;
  const dialed = await arrivals(daemon, [chosen, boot, ...known]);
  await besiege(enode, maxPeers);
  for (const guest of dialed) await guest.ask();
  expect((await peers(daemon)).dialed).toEqual(new Set(dialed.map(idOf)));

  const late = await connectPeer(enode);
  await late.ask();
  const { inbound } = await peers(daemon);
  expect(inbound.size).toBe(maxInbound);
  expect(inbound).toContain(idOf(late));
  await first.ask();
});

test('HX-24 a crowd that stops after the RLPx handshake blocks no newcomer', async () => {
  const daemon = start(datadir(), '--nodiscover', ...flags);
  const enode = await daemon.enode;
  const first = await connectPeer(enode);
  await besiege(enode, maxPeers);
  for (let count = 0; count < maxPeers; count++) await dial(enode, loopback(count));
  const late = await connectPeer(enode);
  await late.ask();
  expect((await peers(daemon)).inbound).toContain(idOf(late));
  await first.ask();
});
