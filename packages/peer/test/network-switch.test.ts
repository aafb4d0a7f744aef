import { getEventListeners } from 'node:events';
import { toHex } from '@devp2p/bytes';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { expect, test } from 'vitest';
import { createNetworkSwitch, type NetworkSwitch, openPeer, type Peer } from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';
import { hello, rawPair, rlp, sink, watch } from './raw.ts';

const quitting = `1:${toHex(rlp([0x08]))}`;

/** A remote that dials the network. */
function dial(network: NetworkSwitch, clock: VirtualClock): [ours: Promise<Peer>, theirs: Promise<Peer>] {
  const [theirs, ours] = streamPair();
  const options = { protocols: [sink], clock };
  return [network.open(ours, options), openPeer(theirs, options)];
}

test('PE-15 off disconnects every peer and refuses new ones until it is on again', async () => {
  const clock = createVirtualClock();
  const counts: number[] = [];
  const network = createNetworkSwitch({ onCount: (count) => counts.push(count) });
  expect(network.active).toBe(true);
  const pairs = [1, 2, 3].map(() => dial(network, clock));
  const remotes = await Promise.all(pairs.map(([, theirs]) => theirs));
  await Promise.all(pairs.map(([ours]) => ours));
  expect(network.peers.size).toBe(3);

  const off = network.turnOff();
  expect(network.active).toBe(false);
  await off;
  expect(network.peers.size).toBe(0);
  for (const remote of remotes) {
    expect(await remote.closed).toMatchObject({ reason: 'quitting', direction: 'remote' });
  }

  const [refused, refusal] = dial(network, clock).map(watch);
  await clock.advance(0);
  expect(refused?.error).toMatchObject({ code: 'aborted', reason: 'quitting', direction: 'local' });
  expect(refusal?.error).toMatchObject({ code: 'disconnected', reason: 'quitting' });

  network.turnOn();
  expect(network.active).toBe(true);
  const [again] = dial(network, clock);
  const peer = await again;
  expect(network.peers.has(peer)).toBe(true);
  await clock.advance(0);
  expect(counts).toEqual([1, 2, 3, 2, 1, 0, 1]);
});

test('PE-15 onCount is called once for each change', async () => {
  const clock = createVirtualClock();
  const counts: number[] = [];
  const network = createNetworkSwitch({ onCount: (count) => counts.push(count) });
  const [first] = dial(network, clock);
  const [second, remote] = dial(network, clock);
  await Promise.all([first, second]);
  await clock.advance(3_600_000);
  expect(counts).toEqual([1, 2]);
  void (await remote).disconnect('too-many-peers');
  await clock.advance(3_600_000);
  expect(counts).toEqual([1, 2, 1]);
  await network.turnOff();
  await network.turnOff();
  network.turnOn();
  network.turnOn();
  await clock.advance(3_600_000);
  expect(counts).toEqual([1, 2, 1, 0]);
});

test('PE-15 off ends openings and dialing', async () => {
  const network = createNetworkSwitch();
  const { stream, raw, clock } = rawPair();
  const opening = watch(network.open(stream, { protocols: [sink], clock }));
  const { signal } = network;
  await clock.advance(1000);
  const off = network.turnOff('requested');
  expect(signal.aborted).toBe(true);
  expect(signal.reason).toBe('requested');
  await off;
  await clock.advance(0);
  expect(raw.seen.at(-1)).toBe(`1:${toHex(rlp([0]))}`);
  expect(opening.error).toMatchObject({ code: 'aborted', reason: 'requested' });
  expect(clock.pending).toBe(0);
  network.turnOn();
  expect(network.signal.aborted).toBe(false);
});

test('PE-15 a remote that connects while it is off gets a Disconnect and no Hello', async () => {
  const network = createNetworkSwitch();
  await network.turnOff();
  const { stream, raw, clock } = rawPair();
  void raw.send(0, hello());
  const opening = watch(network.open(stream, { protocols: [sink], clock }));
  await clock.advance(0);
  expect(raw.seen).toEqual([quitting]);
  expect(opening.error).toMatchObject({ code: 'aborted', cause: 'quitting' });
});

test('PE-15 no peer remains when it is turned off at any moment of an opening', async () => {
  for (let moment = 0; moment < 60; moment++) {
    const clock = createVirtualClock();
    const counts: number[] = [];
    const network = createNetworkSwitch({ onCount: (count) => counts.push(count) });
    const [ours, theirs] = dial(network, clock).map(watch);
    for (let turn = 0; turn < moment; turn++) await undefined;
    const off = watch(network.turnOff());
    await clock.advance(2000);
    expect('value' in off).toBe(true);
    expect(network.peers.size).toBe(0);
    expect(counts).toEqual(ours?.value === undefined ? [] : [1, 0]);
    expect([ours, theirs].every((end) => end !== undefined && Object.keys(end).length === 1)).toBe(true);
    expect(clock.pending).toBe(0);
  }
});

test('PE-15 a caller can end its own opening, and no listener stays on either signal', async () => {
  const clock = createVirtualClock();
  const network = createNetworkSwitch();
  const own = new AbortController();
  const { stream } = rawPair();
  const opening = watch(network.open(stream, { protocols: [sink], clock, signal: own.signal }));
  await clock.advance(0);
  own.abort(new Error('enough'));
  await clock.advance(0);
  expect(opening.error).toMatchObject({ code: 'aborted', cause: own.signal.reason });
  const [ours] = dial(network, clock);
  await (await ours).disconnect('requested');
  await clock.advance(0);
  expect(network.peers.size).toBe(0);
  for (const signal of [own.signal, network.signal]) {
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  }
});

test('PE-15 off and on at once ends the old peers and keeps the new', async () => {
  const clock = createVirtualClock();
  const network = createNetworkSwitch();
  const old = await dial(network, clock)[0];
  const off = network.turnOff();
  network.turnOn();
  const fresh = await dial(network, clock)[0];
  await off;
  await old.closed;
  expect(network.peers.size).toBe(1);
  expect(network.peers.has(fresh)).toBe(true);
});
