import { crc32 } from 'node:zlib';
import { createSeededRandom } from '@devp2p/random/seeded';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AddrMan, AddrManError, type AddrManOptions, createAddrMan } from '../src/index.ts';
import { day, hour, ip, minute, peer, populate, world } from './world.ts';

/**
 * An address manager with all kinds of content: tried entries, failures, records, IPv6, all kinds of sources, several
 * slots.
 */
async function filled(options: AddrManOptions = {}, count = 300) {
  const { clock, book } = world({ seed: 2, ...options });
  const ids = populate(book, count);
  for (const one of ids.slice(0, count / 5)) book.good(one);
  await clock.advance(hour);
  for (const one of ids.slice(count / 10, count / 3)) book.attempt(one, { countFailure: true });
  const nodes = [...book.entries()].slice(0, 100).map(({ id, address }, i) => ({
    id,
    address,
    record: { seq: 2n ** 60n + BigInt(i), bytes: new Uint8Array(1 + i).fill(i) },
  }));
  book.add(nodes, { kind: 'list', name: 'enrtree://A@nodes.example.org' });
  const address = { ip: ip('2a00:1:1:1:1:1:1:1'), tcp: 1, udp: 0 };
  const self = new Uint8Array(64).fill(1);
  book.add([{ id: self, address }], { kind: 'inbound', ip: address.ip });
  book.add([{ id: self, address }], peer('2a00:9:1:1:1:1:1:1'));
  await clock.advance(minute);
  book.check();
  return { clock, book };
}

const content = (book: AddrMan) => [...book.entries()].sort((a, b) => (a.id.join() < b.id.join() ? -1 : 1));

test('AM-11 a snapshot restores everything', async () => {
  const { clock, book } = await filled();
  const snapshot = book.snapshot();
  const again = createAddrMan({ clock, snapshot, random: createSeededRandom(2).bytes });
  again.check();
  expect(content(again)).toEqual(content(book));
  const { size, tried, newSlots } = book.stats;
  expect(again.stats).toMatchObject({ size, tried, newSlots });
  expect(same(again.snapshot(), snapshot)).toBe(true);
  // Hidden state too: a failure that was counted is not counted again until a node is reached.
  const one = [...again.entries()].find(({ attempts }) => attempts === 1);
  if (one) again.attempt(one.id, { countFailure: true });
  expect(again.get(one?.id ?? new Uint8Array())?.attempts).toBe(1);
});

test('AM-11 an empty snapshot is restored', () => {
  const { clock, book } = world();
  const again = createAddrMan({ clock, snapshot: book.snapshot() });
  again.check();
  expect(again.size).toBe(0);
});

test('AM-11 the key of a snapshot takes precedence over the option', async () => {
  const { clock, book } = await filled({ key: new Uint8Array(32).fill(7) });
  const other = createAddrMan({
    clock,
    snapshot: book.snapshot(),
    key: new Uint8Array(32).fill(8),
  });
  expect(same(other.snapshot(), book.snapshot())).toBe(true);
});

test.each<[string, AddrManOptions, boolean]>([
  ['more buckets', { newBuckets: 2048, triedBuckets: 512 }, true],
  ['fewer buckets', { newBuckets: 16, triedBuckets: 4 }, false],
  ['smaller buckets', { bucketSize: 2 }, false],
  ['another group map', { groupMap: { id: 'b', asn: () => 64500 } }, false],
  ['smaller networks', { maxPerNetwork: 1, maxPerIp: 1 }, true],
])('AM-11 with %s, all entries are assigned to new buckets', async (_, options, roomForAll) => {
  const { clock, book } = await filled();
  const before = new Map(content(book).map((entry) => [entry.id.join(), entry]));
  const moved = createAddrMan({
    clock,
    snapshot: book.snapshot(),
    random: createSeededRandom(3).bytes,
    ...options,
  });
  moved.check();
  expect(moved.size).toBeGreaterThan(20);
  expect(moved.size).toBeLessThanOrEqual(book.size);
  if (roomForAll) expect(moved.size).toBe(book.size);
  for (const entry of moved.entries()) {
    const { tried, ...rest } = entry;
    const { tried: wasTried, ...original } = before.get(entry.id.join()) ?? {};
    expect(rest).toEqual(original);
    if (tried) expect(wasTried).toBe(true);
  }
  expect(moved.stats.tried).toBeGreaterThan(0);
  // And back: the format contains the layout.
  createAddrMan({ clock, snapshot: moved.snapshot() }).check();
});

test('AM-11 tighter limits apply to a restored snapshot', () => {
  const { clock, book } = world();
  for (let n = 0; n < 9; n++) {
    const address = { ip: ip(`77.1.1.${n >> 1}`), tcp: 1000 + n, udp: 0 };
    book.add([{ id: new Uint8Array(64).fill(n), address }], peer(`${20 + n}.1.1.1`));
  }
  expect(book.size).toBeGreaterThan(7);
  const tight = createAddrMan({ clock, snapshot: book.snapshot(), maxPerNetwork: 3 });
  tight.check();
  expect(tight.size).toBe(3);
});

/** Faster than `toEqual`, which takes a second for this length. */
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const refuses = (snapshot: Uint8Array): AddrManError => {
  try {
    createAddrMan({ snapshot });
  } catch (error) {
    if (error instanceof AddrManError) return error;
    throw error;
  }
  throw new Error('the snapshot was accepted');
};

/** Returns the snapshot with a change and a matching checksum. */
function forged(snapshot: Uint8Array, change: (bytes: Uint8Array, view: DataView) => void) {
  const bytes = snapshot.slice();
  const view = new DataView(bytes.buffer);
  change(bytes, view);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)), true);
  return bytes;
}

test('AM-11 a later format is distinguished from a damaged snapshot', async () => {
  const snapshot = (await filled({}, 30)).book.snapshot();
  const later = forged(snapshot, (_, view) => view.setUint32(8, 2, true));
  expect(refuses(later)).toMatchObject({ code: 'newer-snapshot' });
  expect(refuses(later).message).toContain('format 2');
  // A flipped bit is not a later format.
  const damaged = snapshot.slice();
  damaged[8] = 2;
  expect(refuses(damaged)).toMatchObject({ code: 'corrupt-snapshot' });
});

test('AM-11 HX-19 a snapshot with any byte changed, cut or added is refused', async () => {
  const snapshot = (await filled({}, 30)).book.snapshot();
  const position = fc.nat(snapshot.length - 1);
  fc.assert(
    fc.property(position, fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = snapshot.slice();
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      expect(refuses(bytes).code).toBe('corrupt-snapshot');
      expect(refuses(snapshot.subarray(0, at)).code).toBe('corrupt-snapshot');
      const longer = new Uint8Array(snapshot.length + 1);
      longer.set(snapshot);
      longer[snapshot.length] = flip;
      expect(refuses(longer).code).toBe('corrupt-snapshot');
    }),
    { numRuns: 80, seed: 1 },
  );
});

test('HX-19 bytes with a valid checksum are accepted or refused as a whole', async () => {
  const snapshot = (await filled({}, 30)).book.snapshot();
  let refused = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 12, max: snapshot.length - 5 }), fc.nat(255)), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.nat(3),
      (changes, cut) => {
        const end = cut === 0 ? snapshot.length - 7 : snapshot.length;
        const bytes = forged(snapshot.subarray(0, end), (content) => {
          for (const [at, value] of changes) if (at < end - 4) content[at] = value;
        });
        try {
          createAddrMan({ snapshot: bytes }).check();
        } catch (error) {
          expect(error).toMatchObject({ name: 'AddrManError', code: 'corrupt-snapshot' });
          refused++;
        }
      },
    ),
    { numRuns: 120, seed: 2 },
  );
  expect(refused).toBeGreaterThan(25);
});

test('HX-19 random bytes are refused, with and without valid magic bytes', () => {
  const start = world().book.snapshot().subarray(0, 12);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, begun) => {
      const bytes = Uint8Array.of(...(begun ? start : []), ...noise, 0, 0, 0, 0);
      expect(refuses(bytes).code).toBe('corrupt-snapshot');
      expect(refuses(forged(bytes, () => {})).code).toBe('corrupt-snapshot');
    }),
    { numRuns: 300, seed: 3 },
  );
});

test('HX-19 a snapshot that claims four billion entries allocates no memory for them', async () => {
  const snapshot = (await filled({}, 30)).book.snapshot();
  const header = 8 + 4 + 32 + 20 + 2 + 8;
  const greedy = forged(snapshot, (_, view) => view.setUint32(header, 0xffff_ffff, true));
  expect(refuses(greedy).message).toContain('4294967295 entries');
});

test('AM-15 times and counts beyond 32 bits survive', async () => {
  const { clock, book } = world();
  await clock.advance(0);
  clock.jump(10_000 * 365 * day - clock.now());
  const [one = new Uint8Array(), other = new Uint8Array()] = populate(book, 2);
  for (let i = 0; i < 3; i++) {
    book.attempt(one, { countFailure: true });
    clock.jump(1);
    book.good(other);
    clock.jump(1);
  }
  const snapshot = book.snapshot();
  // A count that is set directly, since it takes too long to reach in a test.
  const at = snapshot.findIndex(
    (_, i) => new DataView(snapshot.buffer).getFloat64(Math.min(i, snapshot.length - 8), true) === 3,
  );
  const patient = forged(snapshot, (_, view) => view.setFloat64(at, 2 ** 40, true));
  const again = createAddrMan({ clock, snapshot: patient });
  again.attempt(one, { countFailure: true });
  again.check();
  expect(again.get(one)).toMatchObject({ attempts: 2 ** 40 + 1, lastTry: clock.now() });
  expect(again.get(one)?.lastTry).toBeGreaterThan(2 ** 48);
});
