import { integer } from '@devp2p/options';
import { check } from './check-options.ts';

/** Function that returns `length` unpredictable bytes in a new array. */
export type RandomBytes = (length: number) => Uint8Array;

/** Limit of bytes per call of `getRandomValues` (Web Cryptography API, section 10.1.1). */
const quota = 65_536;

const lengthRule = integer(0);

/** Bytes of the platform's cryptographic generator. @throws {@link RandomError} `invalid-option` */
export const randomBytes: RandomBytes = (length) => {
  check.value('length', length, lengthRule);
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += quota) {
    // biome-ignore lint/plugin: the default of the `random` option of every package
    crypto.getRandomValues(bytes.subarray(start, start + quota));
  }
  return bytes;
};
