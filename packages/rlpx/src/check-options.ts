import { type Checker, createChecker } from '@devp2p/options';
import { RlpxError } from './error.ts';

/** Checks options and arguments. @throws RlpxError `invalid-option` */
export const check: Checker = createChecker(RlpxError, 'invalid-option');
