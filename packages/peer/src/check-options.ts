import { type Checker, createChecker } from '@devp2p/options';
import { PeerError } from './error.ts';

/** Checks options and arguments. @throws PeerError `invalid-option` */
export const check: Checker = createChecker(PeerError, 'invalid-option');
