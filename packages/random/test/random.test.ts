import { describe, expect, test } from 'vitest';
import { createRandomSource, RandomError, randomBytes } from '../src/index.ts';
import { createSeededRandom } from '../src/seeded.ts';

// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses these values
const any = (value: unknown): any => value;

describe('randomBytes', () => {
  test('returns the requested length, above the platform limit per call too', () => {
    for (const length of [0, 1, 32, 65_536, 65_537, 200_000]) {
      const bytes = randomBytes(length);
      expect(bytes).toHaveLength(length);
      // The last 32 bytes are zero by chance once in 2^256.
      if (length >= 32) expect(bytes.subarray(-32).some((byte) => byte !== 0)).toBe(true);
    }
  });

  test('returns different bytes each time', () => {
    expect(randomBytes(32)).not.toEqual(randomBytes(32));
  });
});

test.each<[string, () => unknown, string]>([
  ['a negative length', () => randomBytes(-1), 'length is -1, expected an integer of at least 0'],
  ['a string', () => randomBytes(any('32')), 'length is "32", expected an integer of at least 0'],
  ['no length', () => randomBytes(any(undefined)), 'length is undefined, expected an integer of at least 0'],
  ['a fraction', () => randomBytes(1.5), 'length is 1.5, expected an integer of at least 0'],
  ['a seed', () => createRandomSource(any(7)), 'bytes is 7, expected a function'],
  ['no seed', () => createSeededRandom(any(undefined)), 'seed is undefined, expected a safe integer'],
  ['a seed of 1.5', () => createSeededRandom(1.5), 'seed is 1.5, expected a safe integer'],
])('%s is refused', (_, call, message) => {
  expect(call).toThrow(RandomError);
  expect(call).toThrow(expect.objectContaining({ name: 'RandomError', code: 'invalid-option', message }));
});

test('a RandomError in JSON has name, code and message', () => {
  const error = new RandomError('invalid-option', 'text');
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: 'RandomError',
    code: 'invalid-option',
    message: 'text',
  });
});

describe('createRandomSource', () => {
  test('takes 4 bytes per number and requests 4096 bytes at a time', () => {
    const lengths: number[] = [];
    const random = createRandomSource((length) => {
      lengths.push(length);
      return Uint8Array.from({ length }, (_, i) => [0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff][i % 8] ?? 0);
    });
    expect(lengths).toEqual([]);
    expect(random.uint32()).toBe(2 ** 31);
    expect(random.uint32()).toBe(2 ** 32 - 1);
    expect(random.fraction()).toBe(0.5);
    expect(random.below(10)).toBe(9);
    expect(random.pick(['a', 'b', 'c'])).toBe('b');
    expect(random.poissonDelay(1000)).toBeCloseTo(-1000 * Math.log(2 ** -32));
    expect(lengths).toEqual([4096]);
    for (let i = 6; i < 1024; i++) random.uint32();
    expect(lengths).toEqual([4096]);
    random.uint32();
    expect(lengths).toEqual([4096, 4096]);
  });

  test('accepts a generator whose arrays are parts of larger buffers', () => {
    const random = createRandomSource((length) => new Uint8Array(length + 8).fill(1, 8).subarray(8));
    expect(random.uint32()).toBe(0x01010101);
  });

  test('uses the platform generator by default', () => {
    const [a, b] = [createRandomSource(), createRandomSource()];
    expect([a.uint32(), a.uint32(), a.uint32()]).not.toEqual([b.uint32(), b.uint32(), b.uint32()]);
  });
});

describe('createSeededRandom', () => {
  const draw = (seed: number) => {
    const random = createSeededRandom(seed);
    return Array.from({ length: 8 }, () => random.uint32());
  };

  test('is the same for the same seed and differs for others', () => {
    expect(draw(1)).toEqual(draw(1));
    const firsts = [0, 1, 2, -1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER].map(draw).map(String);
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  test('numbers stay in their ranges and reach all values', () => {
    const random = createSeededRandom(5);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const value = random.below(10);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    expect(counts).toHaveLength(10);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(random.pick([])).toBeUndefined();
    let sum = 0;
    for (let i = 0; i < 10_000; i++) sum += random.poissonDelay(100);
    expect(Math.abs(sum / 10_000 - 100)).toBeLessThan(5);
  });

  test('bytes are distributed evenly', () => {
    const counts = new Array<number>(256).fill(0);
    for (const byte of createSeededRandom(6).bytes(256_000)) counts[byte] = (counts[byte] ?? 0) + 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(200);
  });

  test('a fork does not depend on later draws', () => {
    const [a, b] = [createSeededRandom(7), createSeededRandom(7)];
    const [forkA, forkB] = [a.fork(), b.fork()];
    a.uint32();
    expect(forkA.bytes(32)).toEqual(forkB.bytes(32));
    expect(forkA.bytes(32)).not.toEqual(b.bytes(32));
  });
});
