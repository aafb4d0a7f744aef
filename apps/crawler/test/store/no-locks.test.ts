import { expect, test, vi } from 'vitest';
import { openDatabase } from '../../src/store/level/database.ts';

const lock = vi.hoisted(() => ({ text: '' }));
vi.mock('level', () => ({
  Level: class {
    async open(): Promise<void> {
      const message = `IO error: lock /crawl/LOCK: ${lock.text}`;
      throw new Error('Database failed to open', {
        cause: Object.assign(new Error(message), { code: 'LEVEL_LOCKED' }),
      });
    }
  },
}));

test.each([
  ['Resource temporarily unavailable', 'datadir-in-use', /in use by another process/],
  ['No locks available', 'store-failed', /cannot lock .*: the file system has no locks \(/],
  ['Operation not supported', 'store-failed', /cannot lock/],
])('CR-07 a failure to lock the store (%s) has the code %s', async (text, code, message) => {
  lock.text = text;
  await expect(openDatabase('/crawl')).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});
