import { setImmediate } from 'node:timers/promises';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { expect, onTestFinished, test } from 'vitest';
import { createDevChain } from '../../src/dev/dev-chain.ts';
import { createLoad } from '../../src/dev/load.ts';
import { DevError } from '../../src/errors/dev-error.ts';
import { silentLogs } from '../../src/logging/log.ts';

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

test('EN-34 a load makes its number of transactions per second, all of which are valid', async () => {
  const clock = createVirtualClock();
  const dev = await createDevChain({ clock, accounts: 4 });
  onTestFinished(() => dev.close());
  const log = silentLogs('dev');
  const { chain, accounts } = dev;
  const load = createLoad({ chain, producer: dev, accounts, rate: 50, clock, crypto, log });
  onTestFinished(() => load.close());
  let included = 0;
  for (let second = 1; second <= 3; second++) {
    for (let portion = 0; portion < 10; portion++) {
      await clock.advance(100);
      // Accounts are read from a database, in real time.
      await until(() => load.made === 50 * (second - 1) + 5 * (portion + 1));
    }
    included += (await dev.mine()).receipts.length;
  }
  expect(included).toBe(150);
  expect(dev.waiting).toBe(0);
});

test('EN-34 a load continues after a refusal, with the nonces of the accounts', async () => {
  const clock = createVirtualClock();
  const dev = await createDevChain({ clock, accounts: 2 });
  onTestFinished(() => dev.close());
  let isFull = true;
  const producer = {
    add: (transaction: Uint8Array) =>
      isFull ? Promise.reject(new DevError('queue-full', 'full')) : dev.add(transaction),
  };
  const { chain, accounts } = dev;
  const load = createLoad({ chain, producer, accounts, rate: 10, clock, crypto, log: silentLogs('dev') });
  onTestFinished(() => load.close());
  await clock.advance(500);
  expect(load.made).toBe(0);
  isFull = false;
  while (load.made < 5) {
    await clock.advance(100);
    await setImmediate();
  }
  const { receipts } = await dev.mine();
  expect(receipts.length).toBeGreaterThan(0);
  expect(receipts.every(({ outcome }) => outcome === true)).toBe(true);
});
