import { expect, test } from 'vitest';
import { createAddrMan } from '../src/index.ts';
import { isTerrible, selectionChance } from '../src/policy/quality.ts';
import { type Entry, newEntry } from '../src/table/entry.ts';
import { day, distinctNode, hour, minute, peer, world } from './world.ts';

const now = 1_700_000_000_000;
const horizons = {
  horizon: 30 * day,
  maxAttempts: 3,
  maxFailures: 10,
  minFailureTime: 7 * day,
};

function entry(changes: Partial<Entry>): Entry {
  const address = { id: 'a'.repeat(64), ip: 'abcd', tcp: 1, udp: 0, lastSeen: now };
  return { ...newEntry(address, 'i'), lastTry: now - hour, ...changes };
}

test.each<[string, Partial<Entry>, boolean]>([
  ['is new', {}, false],
  ['is 10 min ahead', { lastSeen: now + 10 * minute }, false],
  ['is further ahead', { lastSeen: now + 10 * minute + 1 }, true],
  ['was seen 30 days ago', { lastSeen: now - 30 * day }, false],
  ['was seen more than 30 days ago', { lastSeen: now - 30 * day - 1 }, true],
  ['failed twice and was never reached', { attempts: 2 }, false],
  ['failed three times and was never reached', { attempts: 3 }, true],
  ['failed three times and was reached', { attempts: 3, lastSuccess: now - 9 * day }, false],
  ['failed 9 times in 8 days', { attempts: 9, lastSuccess: now - 8 * day }, false],
  ['failed 10 times in 7 days', { attempts: 10, lastSuccess: now - 7 * day }, false],
  ['failed 10 times in more', { attempts: 10, lastSuccess: now - 7 * day - 1 }, true],
  ['is terrible and was tried a minute ago', { attempts: 3, lastTry: now - minute }, false],
  ['is terrible and was tried more than a minute ago', { attempts: 3, lastTry: now - minute - 1 }, true],
])('AM-08 an entry that %s', (_, changes, terrible) => {
  expect(isTerrible(entry(changes), now, horizons)).toBe(terrible);
});

test.each<[string, Partial<Entry>, number]>([
  ['is new', {}, 1],
  ['was tried ten minutes ago', { lastTry: now - 10 * minute }, 1],
  ['was tried since', { lastTry: now - 10 * minute + 1 }, 0.01],
  ['failed once', { attempts: 1 }, 0.66],
  ['failed 8 times', { attempts: 8 }, 0.66 ** 8],
  ['failed 800 times, just now', { attempts: 800, lastTry: now }, 0.01 * 0.66 ** 8],
])('AM-07 selection probability of an entry that %s', (_, changes, expected) => {
  expect(selectionChance(entry(changes), now)).toBeCloseTo(expected, 12);
});

test('AM-08 the horizons are options', async () => {
  const { clock, book } = world({ horizon: day, maxAttempts: 1 });
  const [old, failing] = [distinctNode(1), distinctNode(2)];
  book.add([old], peer('20.1.1.1'));
  await clock.advance(day + 1);
  book.add([failing], peer('20.1.1.1'));
  expect(book.sample(10, 100).map(({ id }) => id)).toEqual([failing.id]);
  book.attempt(failing.id, { countFailure: true });
  await clock.advance(2 * minute);
  expect(book.sample(10, 100)).toEqual([]);
});

test.each([
  { horizon: 0 },
  { maxAttempts: -1 },
  { newBuckets: 1.5 },
  { bucketSize: Number.NaN },
  { triedBuckets: 2 ** 20, bucketSize: 64 },
  { sourceRate: Number.POSITIVE_INFINITY },
  { maxPerNetwork: 2 ** 32 },
  { key: new Uint8Array(31) },
  { localId: new Uint8Array(32) },
])('invalid options are refused: %o', (options) => {
  expect(() => createAddrMan(options)).toThrow(
    expect.objectContaining({ name: 'AddrManError', code: 'invalid-option' }),
  );
});
