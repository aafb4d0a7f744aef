import { bytes, type Checker, createChecker } from '@devp2p/options';
import { CryptoError } from './error.ts';

/** Checks arguments and options. @throws CryptoError `invalid-option` */
export const check: Checker = createChecker(CryptoError, 'invalid-option');

const dataRule = bytes();

/** Checks data to hash. Called often, so it evaluates the rule only for wrong types. */
export function checkData(data: Uint8Array): void {
  if (!(data instanceof Uint8Array)) check.value('data', data, dataRule);
}
