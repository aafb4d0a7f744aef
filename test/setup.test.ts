import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setImmediate as callback } from 'node:timers';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '@devp2p/clock';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { describe, expect, test } from 'vitest';

describe('a test that exceeds its limit ends with all resources that it opened', () => {
  const rounds = { turn: 0, global: 0, callback: 0, virtual: 0, timer: 0 };
  const ended: Promise<unknown>[] = [];

  async function loop(name: keyof typeof rounds, wait: () => Promise<unknown>): Promise<void> {
    for (;;) {
      rounds[name]++;
      await wait();
    }
  }

  test.fails('it hangs', { timeout: 100 }, async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    ended.push(once(socket, 'close'), once(server, 'close'));
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    ended.push(once(child, 'exit'));
    const clock = createVirtualClock();
    await Promise.all([
      loop('turn', () => turn()),
      loop('global', () => new Promise(setImmediate)),
      loop('callback', () => new Promise((resolve) => callback(resolve))),
      loop('virtual', () => clock.advance(1)),
      loop('timer', () => new Promise<void>((resolve) => systemClock.setTimeout(resolve, 1))),
    ]);
  });

  test('and its code does not continue', async () => {
    await Promise.all(ended);
    const before = { ...rounds };
    expect(Math.min(...Object.values(before))).toBeGreaterThan(0);
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 50));
    expect(rounds).toEqual(before);
  });
});

test('no time passes on the system clock while the process blocks', async () => {
  const start = systemClock.monotonic();
  let fired = false;
  systemClock.setTimeout(() => {
    fired = true;
  }, 1_000);
  const end = performance.now() + 1_500;
  while (performance.now() < end);
  await turn();
  expect(fired).toBe(false);
  expect(systemClock.monotonic() - start).toBeLessThan(1_000);
});
