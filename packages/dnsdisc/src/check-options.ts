import { abortSignal, type Checker, createChecker, methods, type Rule, type Rules } from '@devp2p/options';
import { DnsdiscError } from './error.ts';
import type { CryptoOptions } from './tree/tree-url.ts';

/** Checks options and arguments. @throws DnsdiscError `invalid-option` */
export const check: Checker = createChecker(DnsdiscError, 'invalid-option');

/** Rules of {@link CryptoOptions}. */
export const cryptoRules: Rules<CryptoOptions> = { crypto: methods('keccak256') };

/** Rules of operations with a signal. */
export const waitRules: Rules<{ signal?: AbortSignal | undefined }> = { signal: abortSignal };

/** Rule for an array, a set or another iterable object, but not a string. */
export const iterable: Rule = {
  expected: 'an array or another iterable',
  fits: (value) => typeof value === 'object' && value !== null && Symbol.iterator in value,
};
