import { type Checker, createChecker } from '@devp2p/options';
import { RlpxError } from './error.ts';

/** Checks what a caller passes. @throws RlpxError `invalid-option` */
export const check: Checker = createChecker(RlpxError, 'invalid-option');
