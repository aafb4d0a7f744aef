import {
  abortSignal,
  type Checker,
  createChecker,
  methods,
  type Rule,
  type Rules,
} from '@devp2p/options';
import { DnsdiscError } from './error.ts';
import type { CryptoOptions } from './tree-url.ts';

/** Checks what a caller passes. @throws DnsdiscError `invalid-option` */
export const check: Checker = createChecker(DnsdiscError, 'invalid-option');

/** The rules of {@link CryptoOptions}. */
export const cryptoRules: Rules<CryptoOptions> = { crypto: methods('keccak256') };

/** The rules of what can be aborted. */
export const waitRules: Rules<{ signal?: AbortSignal | undefined }> = { signal: abortSignal };

/** An array, a set or the like; a string is none, though it can be iterated. */
export const iterable: Rule = {
  expected: 'an array or another iterable',
  fits: (value) => typeof value === 'object' && value !== null && Symbol.iterator in value,
};
