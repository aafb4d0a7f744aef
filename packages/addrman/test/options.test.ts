import { expect, test } from 'vitest';
import { createAddrMan, openAddrMan } from '../src/index.ts';

/** A value that a program without types can pass. */
const any = (value: unknown): never => value as never;

test.each<[object, RegExp]>([
  [{ newBucket: 4 }, /^createAddrMan has no option "newBucket" \(did you mean "newBuckets"\?\), known options: newBu/],
  [{ localId: 'ab' }, /^localId is "ab", expected a Uint8Array of 64 bytes$/],
  [{ key: new Uint8Array(31) }, /^key is a Uint8Array of 31 bytes, expected a Uint8Array of 32 b/],
  [{ maxPerIp: 0.5 }, /^maxPerIp is 0.5, expected a positive integer below 4294967296$/],
  [{ newBuckets: 2 ** 20 }, /^newBuckets · bucketSize is 67108864, expected at most 4194304$/],
  [{ random: 4 }, /^random is 4, expected a function$/],
])('option %o is refused with its name and value', (options, message) => {
  const refusal = { code: 'invalid-option', message: expect.stringMatching(message) };
  expect(() => createAddrMan(options)).toThrow(expect.objectContaining(refusal));
});

test.each<[object, RegExp]>([
  [
    { newonly: true },
    /^select has no option "newonly" \(did you mean "newOnly"\?\), known options: newOnly, filter, draws$/,
  ],
  [{ draws: 0 }, /^draws is 0, expected an integer of at least 1$/],
])('option %o of select is refused with its name and value', (options, message) => {
  const refusal = { code: 'invalid-option', message: expect.stringMatching(message) };
  expect(() => createAddrMan().select(options)).toThrow(expect.objectContaining(refusal));
});

test('an incomplete store is refused before it is read', async () => {
  const store = { load: async () => undefined, save: async () => {}, setAside: async () => {} };
  const wrong = [{}, { store: {} }, { store, saveInterval: 0 }, { store, interval: 5 }];
  for (const options of wrong) {
    await expect(openAddrMan(any(options))).rejects.toMatchObject({ code: 'invalid-option' });
  }
});
