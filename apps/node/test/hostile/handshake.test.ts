import type { Socket } from 'node:net';
import { toHex } from '@devp2p/bytes';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { randomBytes } from '@devp2p/random';
import { beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../../soak/daemon.ts';
import { connectPeer, dial, type Guest, loopback, openSocket } from '../../soak/guest.ts';
import { datadir, Honest, start } from './scene.ts';
import { hello } from './wire.ts';

const { HOSTILE_SOCKETS = '1000' } = process.env;
/** `--maxpendpeers` of the daemon. */
const pending = 30;
/** Time limit for RLPx and Hello, in ms. */
const handshakeTimeout = 10_000;

let daemon: Daemon;
let enode: string;
let honest: Honest;
beforeAll(async () => {
  const flags = ['--nodiscover', '--maxpendpeers', String(pending)];
  daemon = start(datadir(), ...flags, '--http', '--http.port', '0', '--http.api', 'admin');
  enode = await daemon.enode;
  honest = await Honest.arrive(daemon);
});

/** The hex ids of the peers that `admin_peers` reports. */
async function peers(): Promise<string[]> {
  const all = (await daemon.call('admin_peers')) as { enode: string }[];
  return all.map((peer) => peer.enode.slice('enode://'.length).split('@')[0] ?? '');
}

/** Opens sockets whose errors are ignored. */
async function openSockets(count: number, from = loopback): Promise<Socket[]> {
  const sockets = await Promise.all(Array.from({ length: count }, (_, i) => openSocket(enode, from(i))));
  for (const socket of sockets) socket.on('error', () => {}).resume();
  return sockets;
}

const gone = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.on('close', () => resolve());
  });

test('HX-01 a Hello with the key of another node is disconnected with "unexpected identity", and does not become a peer', async () => {
  const victim = crypto.secp256k1.publicKey(generatePrivateKey());
  for (const id of [victim, honest.guest.peer.id]) {
    const stream = await dial(enode);
    await stream.write(0, hello({ id }));
    expect(await stream.read()).toMatchObject({ code: 0 });
    expect(await stream.read()).toMatchObject({ code: 1 });
    stream.destroy();
  }
  const known = await peers();
  expect(known).toHaveLength(1);
  expect(known).not.toContain(toHex(victim));
  await honest.expectServed();
});

const beginnings = {
  'a byte': () => Uint8Array.of(1),
  'half an auth': () => Uint8Array.of(1, 0x90, ...randomBytes(200)),
  'the largest auth without its last byte': () => Uint8Array.of(7, 0xfc, ...randomBytes(2043)),
};

test.each(Object.entries(beginnings))(
  'HX-02 %s, then silence: the socket is destroyed at the timeout',
  async (_, bytes) => {
    const sockets = await openSockets(pending - 1);
    const closed = Promise.all(sockets.map((socket) => gone(socket)));
    for (const socket of sockets) socket.write(bytes());
    await honest.expectServed({ descriptors: pending });
    await daemon.pass(handshakeTimeout);
    await closed;
    await honest.expectServed();
  },
);

test('HX-02 a megabyte of garbage closes its own socket and no other', async () => {
  const sockets = await openSockets(100);
  const closed = Promise.all(sockets.map((socket) => gone(socket)));
  for (const socket of sockets) {
    for (let round = 0; round < 16; round++) socket.write(randomBytes(65_536));
  }
  await honest.expectServed({ descriptors: pending });
  await closed;
  await honest.expectServed();
});

/** Dials until the daemon accepts. It closes one of the newest pending connections for each new one. */
async function comeIn(): Promise<Guest> {
  for (;;) {
    const guest = await connectPeer(enode).catch(() => undefined);
    if (guest !== undefined) return guest;
  }
}

test.each([
  { whom: 'different addresses', from: loopback },
  { whom: 'the address of honest peers', from: () => '127.0.0.1' },
])('HX-03 silent sockets, from $whom, are limited in number and block no newcomer', async ({ from }) => {
  let over = false;
  let left = Number(HOSTILE_SOCKETS);
  let ended = 0;
  // Each closed socket is replaced at once.
  const besiege = async (): Promise<void> => {
    while (!over && left-- > 0) {
      const [socket] = await openSockets(1, () => from(left));
      if (socket) await gone(socket);
      ended++;
    }
  };
  const siege = Promise.all(Array.from({ length: 5 * pending }, besiege));
  for (let newcomers = 0; newcomers < 5; newcomers++) {
    const newcomer = await comeIn();
    await newcomer.ask();
    await honest.expectServed({ descriptors: 6 * pending });
    await newcomer.peer.disconnect('requested');
  }
  over = true;
  expect(ended).toBeGreaterThan(pending);
  // The timeout closes the last of them.
  await daemon.pass(handshakeTimeout);
  await siege;
  await honest.expectServed();
});
