import { expect, test } from 'vitest';
import { fuzz } from './run.ts';
import { type Target, target } from './target.ts';

const corpus = [Uint8Array.of(1, 2, 3)];
const bytes = { name: 'bytes', structure: 'bytes', corpus, errors: [RangeError] } as const;

const faulty: Record<string, [Target, RegExp]> = {
  'another error': [
    target({
      ...bytes,
      decode(input) {
        if (input.length > 3) throw new TypeError('invalid input');
        return input;
      },
    }),
    /^bytes: seed 7, input \d+: invalid input\n[0-9a-f]{8,}$/,
  ],
  'a rejection': [
    target({
      ...bytes,
      decode: async (input) => {
        if (input.length === 0) throw new Error('empty input');
      },
    }),
    /empty input/,
  ],
  'other bytes of a canonical form': [
    target({
      ...bytes,
      decode: (input) => input.subarray(0, 3),
      encode: (value) => value,
      isCanonical: true,
    }),
    /encodes to other bytes/,
  ],
  'another meaning': [
    target({
      ...bytes,
      decode: (input) => input.length,
      encode: (length) => new Uint8Array(length + 1),
    }),
    /differs after encoding and decoding/,
  ],
  'a valid input that is refused': [
    target({
      ...bytes,
      decode() {
        throw new RangeError();
      },
    }),
    /a valid input is refused\n010203/,
  ],
};

test.each(Object.entries(faulty))('%s is found', async (_, [one, message]) => {
  await expect(fuzz(one, 1_000, 7)).rejects.toThrow(message);
});

test('the same seed gives the same inputs, another seed different ones', async () => {
  const inputsOf = async (seed: number): Promise<string[]> => {
    const inputs: string[] = [];
    const decode = (input: Uint8Array): void => void inputs.push(Buffer.from(input).toString('hex'));
    await fuzz(target({ ...bytes, decode }), 100, seed);
    return inputs;
  };
  const first = await inputsOf(1);
  expect(await inputsOf(1)).toEqual(first);
  expect(await inputsOf(2)).not.toEqual(first);
});
