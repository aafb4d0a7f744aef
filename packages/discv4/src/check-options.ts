import { type Checker, createChecker } from '@devp2p/options';
import { Discv4Error } from './error.ts';

/** Checks options and arguments. @throws Discv4Error `invalid-option` */
export const check: Checker = createChecker(Discv4Error, 'invalid-option');
