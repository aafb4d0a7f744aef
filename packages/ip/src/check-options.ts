import { type Checker, createChecker } from '@devp2p/options';
import { IpError } from './error.ts';

/** Checks arguments and options. @throws IpError `invalid-option` */
export const check: Checker = createChecker(IpError, 'invalid-option');
