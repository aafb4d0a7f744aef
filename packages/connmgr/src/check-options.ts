import { type Checker, createChecker } from '@devp2p/options';
import { ConnManagerError } from './error.ts';

/** Checks what a caller passes. @throws ConnManagerError `invalid-option` */
export const check: Checker = createChecker(ConnManagerError, 'invalid-option');
