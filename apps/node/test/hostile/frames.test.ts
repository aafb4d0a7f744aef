import { setImmediate as turn } from 'node:timers/promises';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { randomBytes } from '@devp2p/random';
import { beforeAll, expect, test } from 'vitest';
import type { Daemon } from '../../soak/daemon.ts';
import { connectPeer, dial, type Guest, openSocket } from '../../soak/guest.ts';
import { Gate } from './gate.ts';
import { datadirWithChain, Honest, start } from './scene.ts';

/** Time limits for receiving a frame, and for progress of a write, in ms (`@devp2p/rlpx`). */
const [readTimeout, writeTimeout] = [30_000, 20_000];
/** Code of the eth message Transactions on the wire. */
const transactions = 0x12;

let daemon: Daemon;
let enode: string;
let honest: Honest;
beforeAll(async () => {
  const place = { datadir: await datadirWithChain(), isTimeStill: true };
  daemon = start(place, '--nodiscover', '--verbosity', 'debug');
  enode = await daemon.enode;
  honest = await Honest.arrive(daemon);
});

/** A peer of the daemon whose connection runs through a gate. */
async function gated(): Promise<Guest & { readonly gate: Gate }> {
  const gate = new Gate(await openSocket(enode));
  // The peer's clock stands still as well, otherwise its own timeouts would close the connection.
  const guest = await connectPeer(enode, undefined, { clock: createVirtualClock() }, gate);
  return Object.assign(guest, { gate });
}

/** Writes a message that the gate holds back. */
async function hold({ gate, stream }: { gate: Gate; stream: Guest['stream'] }, payload: Uint8Array) {
  gate.shut();
  let failure: unknown;
  stream.write(transactions, payload).catch((error: unknown) => {
    failure = error;
  });
  while (gate.held < payload.length) {
    if (failure !== undefined) throw failure;
    await turn();
  }
}

test.each([0, 1, 2, 15, 16, 31])(
  'HX-11 a frame header with byte %i forged ends its connection at once',
  async (byte) => {
    const attacker = await gated();
    await hold(attacker, randomBytes(1_000));
    attacker.gate.release(32, (header) => {
      header[byte] = (header[byte] ?? 0) ^ 0xff;
    });
    await attacker.gate.hasClosed;
    await honest.guest.ask();
  },
);

test('HX-11 a peer that sends one byte at a time is served', async () => {
  const { gate, ask } = await gated();
  gate.shut();
  const answer = ask();
  while (gate.held === 0) await turn();
  while (gate.held > 0) {
    gate.release(1);
    await turn();
  }
  await answer;
  gate.destroy();
});

test('HX-11 frames of 16 MB at a byte a second end at the read timeout, and allocate no more than the received bytes', async () => {
  const sent = 100_000;
  const payload = randomBytes(16_000_000);
  const attackers = await Promise.all(Array.from({ length: 4 }, gated));
  let ended = 0;
  for (const attacker of attackers) {
    await hold(attacker, payload);
    attacker.gate.release(sent);
    void attacker.gate.hasClosed.then(() => ended++);
  }
  for (let ms = 0; ms < readTimeout; ms += 5_000) {
    expect(ended).toBe(0);
    const bytes = attackers.length * (sent + 256 * 1024);
    await honest.expectServed({ bytes, descriptors: attackers.length });
    for (const { gate } of attackers) for (let i = 0; i < 5; i++) gate.release(1);
    await daemon.pass(5_000);
  }
  await Promise.all(attackers.map(({ gate }) => gate.hasClosed));
  await honest.expectServed();
});

test('HX-13 peers that never read cost a bounded queue, and are dropped at the write timeout', async () => {
  const attackers = await Promise.all([gated(), gated()]);
  // Fills the caches of the chain.
  await honest.guest.ask(1_024);
  const before = await daemon.measure();
  let ended = 0;
  for (const { gate, ask } of attackers) {
    gate.stopReading();
    void gate.hasClosed.then(() => ended++);
    // Each request is for half a megabyte.
    for (let count = 0; count < 200; count++) ask(1_024).catch(() => {});
  }
  await honest.expectServed({ bytes: 64e6, descriptors: attackers.length });
  // The queue of each peer holds 1 MiB and the response that was begun below that limit; 100 MB were requested.
  const after = await daemon.measure();
  expect(after.heap + after.buffers - before.heap - before.buffers).toBeLessThan(8e6);
  // No connection is closed in the first half of the timeout.
  await daemon.pass(writeTimeout / 2);
  await honest.expectServed({ bytes: 64e6, descriptors: attackers.length });
  expect(ended).toBe(0);
  await daemon.pass(writeTimeout);
  for (const { gate } of attackers) gate.resumeReading();
  await Promise.all(attackers.map(({ gate }) => gate.hasClosed));
  expect(daemon.stderr).toContain('nothing was sent within 20000 ms');
  await honest.expectServed({ bytes: 64e6 });
});

const breach = { code: 1, payload: Uint8Array.of(0xc1, 0x02) };

test('HX-12 a message before Hello is a protocol breach', async () => {
  const stream = await dial(enode);
  await stream.write(0x10, Uint8Array.of(0xc0));
  expect(await stream.read()).toMatchObject({ code: 0 });
  expect(await stream.read()).toMatchObject(breach);
  stream.destroy();
});

test('HX-12 second Hellos, unknown base codes and codes out of range are breaches or ignored, and set no timer', async () => {
  const before = await daemon.measure();
  for (const code of [0x00, 0x22, 0xff, 0xffff_ffff]) {
    const { peer, stream } = await connectPeer(enode);
    void stream.write(code, Uint8Array.of(0xc0)).catch(() => {});
    expect(await peer.closed).toMatchObject({
      reason: 'breach-of-protocol',
      direction: 'remote',
    });
  }
  const { peer, stream, ask } = await connectPeer(enode);
  for (let round = 0; round < 20; round++) {
    for (let code = 0x04; code < 0x10; code++) await stream.write(code, randomBytes(100));
  }
  await ask();
  await peer.disconnect('requested');
  await daemon.pass(5_000);
  const after = await daemon.measure();
  expect(after.timers).toBeLessThanOrEqual(before.timers);
  expect(after.handles).toBeLessThanOrEqual(before.handles);
  await honest.expectServed();
});
