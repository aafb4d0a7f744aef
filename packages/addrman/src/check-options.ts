import { type Checker, createChecker } from '@devp2p/options';
import { AddrManError } from './error.ts';

/** Checks options and arguments of the public functions. @throws AddrManError `invalid-option` */
export const check: Checker = createChecker(AddrManError, 'invalid-option');
