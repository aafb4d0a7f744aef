import { bytes, type Checker, createChecker } from '@devp2p/options';
import { CryptoError } from './error.ts';

/** Checks what a caller passes. @throws CryptoError `invalid-option` */
export const check: Checker = createChecker(CryptoError, 'invalid-option');

const dataRule = bytes();

/** Checks what is hashed, which happens often: the rule is looked at only if something is wrong. */
export function checkData(data: Uint8Array): void {
  if (!(data instanceof Uint8Array)) check.value('data', data, dataRule);
}
