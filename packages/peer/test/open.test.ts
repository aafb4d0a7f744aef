import { virtualClock } from '@devp2p/clock/virtual';
import { expect, test } from 'vitest';
import { openPeer, protocol } from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';

test('smoke', async () => {
  const clock = virtualClock();
  const [a, b] = streamPair();
  const heard: number[] = [];
  const chat = protocol({
    name: 'chat',
    version: 1,
    length: 2,
    run: async (channel) => {
      for await (const m of channel) heard.push(m.code);
    },
  });
  const [pa, pb] = await Promise.all([
    openPeer(a, { clock, protocols: [chat] }),
    openPeer(b, { clock, protocols: [chat] }),
  ]);
  await pa.chat.send(1, Uint8Array.of(1));
  await clock.advance(15_000);
  expect(heard).toEqual([1]);
  expect(pa.stats.minPing).toBe(0);
  const done = pa.disconnect('quitting');
  await clock.advance(0);
  await done;
  expect(await pa.closed).toEqual({ reason: 'quitting', direction: 'local', error: undefined });
  expect(await pb.closed).toEqual({ reason: 'quitting', direction: 'remote', error: undefined });
  expect(clock.pending).toBe(0);
});
