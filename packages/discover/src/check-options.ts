import { type Checker, createChecker } from '@devp2p/options';
import { DiscoverError } from './error.ts';

/** Checks options and arguments. @throws DiscoverError `invalid-option` */
export const check: Checker = createChecker(DiscoverError, 'invalid-option');
