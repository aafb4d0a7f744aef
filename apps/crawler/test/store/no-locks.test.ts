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
  ['No locks available', 'store-failed', /cannot be locked .*file system that has locks/],
  ['Operation not supported', 'store-failed', /cannot be locked/],
])('CR-07 a store that cannot be locked (%s) is %s', async (text, code, message) => {
  lock.text = text;
  await expect(openDatabase('/crawl')).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});
