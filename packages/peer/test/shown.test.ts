import { inspect, isDeepStrictEqual } from 'node:util';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { expect, test } from 'vitest';
import { openPeer, PeerError, protocol } from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';
import { decodeHello } from '../src/wire/hello.ts';
import { hello as rawHello } from './raw.ts';

const test1 = protocol({
  name: 'test',
  version: 1,
  length: 1,
  run: async (channel) => {
    for await (const _ of channel);
  },
});

test('a peer shows its identity and its capabilities', async () => {
  const addresses = [
    { host: '192.0.2.1', port: 1 },
    { host: '2001:db8::2', port: 2 },
  ] as const;
  const [near, far] = streamPair({ addresses });
  const [peer, other] = await Promise.all([
    openPeer(near, { protocols: [test1], clientId: 'near/1', flags: { static: true } }),
    openPeer(far, { protocols: [test1], clientId: 'far/1' }),
  ]);
  expect(JSON.parse(JSON.stringify(peer))).toEqual({
    id: '02'.repeat(64),
    address: '[2001:db8::2]:2',
    client: 'far/1',
    inbound: false,
    trusted: false,
    static: true,
    capabilities: ['test/1'],
    state: 'running',
  });
  const text = inspect(other);
  expect(text).toMatch(/^Peer \{.*client: 'near\/1'.*\}$/s);
  expect(text.split('\n').length).toBeLessThan(12);
  expect(text).not.toContain('Uint8Array');
  await peer.disconnect('requested');
  await other.closed;
  expect(JSON.parse(JSON.stringify(other))).toMatchObject({ state: 'closed' });
});

test('an error keeps message, reason and direction in JSON', () => {
  const error = new PeerError('refused', 'no room', {
    reason: 'too-many-peers',
    direction: 'local',
  });
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: 'PeerError',
    code: 'refused',
    message: 'no room',
    reason: 'too-many-peers',
    direction: 'local',
  });
});

test('the Hello of a remote shows its id as hex', () => {
  const hello = decodeHello(rawHello());
  const { id, ...rest } = hello;
  const json = JSON.parse(JSON.stringify(hello));
  expect(json).toEqual({ ...rest, id: '02'.repeat(64) });
  expect(inspect(hello)).toContain(`id: '${'02'.repeat(64)}'`);
  expect(isDeepStrictEqual(hello, { ...rest, id })).toBe(true);
});

test('times of the last messages are whole milliseconds', async () => {
  const clock = createVirtualClock();
  const [near, far] = streamPair();
  const [peer] = await Promise.all([
    openPeer(near, { protocols: [test1], clock }),
    openPeer(far, { protocols: [test1], clock }),
  ]);
  await clock.advance(1000.75);
  await peer.test.send(0, new Uint8Array());
  await clock.advance(14_999.75);
  const { connectedAt, lastSend, lastReceive } = peer.stats;
  expect(lastSend - connectedAt).toBe(15_000);
  expect(Number.isInteger(lastReceive)).toBe(true);
  await peer.disconnect('requested');
});
