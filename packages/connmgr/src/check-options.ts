import { type Checker, createChecker } from '@devp2p/options';
import { ConnManagerError } from './error.ts';

/** Checks options and arguments of the public functions. @throws ConnManagerError `invalid-option` */
export const check: Checker = createChecker(ConnManagerError, 'invalid-option');
