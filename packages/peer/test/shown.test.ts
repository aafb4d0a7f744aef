import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { openPeer, PeerError, protocol } from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';

const test1 = protocol({
  ...{ name: 'test', version: 1, length: 1 },
  run: async (channel) => {
    for await (const _ of channel);
  },
});

test('a peer is shown by who it is and what runs', async () => {
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
    ...{ id: '02'.repeat(64), address: '2001:db8::2 2', client: 'far/1', inbound: false },
    ...{ trusted: false, static: true, capabilities: ['test/1'], state: 'running' },
  });
  const text = inspect(other);
  expect(text).toMatch(/^Peer \{.*client: 'near\/1'.*\}$/s);
  expect(text.split('\n').length).toBeLessThan(12);
  expect(text).not.toContain('Uint8Array');
  await peer.disconnect('requested');
  await other.closed;
  expect(JSON.parse(JSON.stringify(other))).toMatchObject({ state: 'over' });
});

test('an error keeps message, reason and direction in JSON', () => {
  const error = new PeerError('refused', 'no room', {
    ...{ reason: 'too-many-peers', direction: 'local' },
  });
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    ...{ name: 'PeerError', code: 'refused', message: 'no room' },
    ...{ reason: 'too-many-peers', direction: 'local' },
  });
});
