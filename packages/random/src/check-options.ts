import { type Checker, createChecker } from '@devp2p/options';
import { RandomError } from './error.ts';

/** Checks arguments and options. @throws RandomError `invalid-option` */
export const check: Checker = createChecker(RandomError, 'invalid-option');
