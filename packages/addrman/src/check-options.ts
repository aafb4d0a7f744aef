import { type Checker, createChecker } from '@devp2p/options';
import { AddrManError } from './error.ts';

/** Checks what a caller passes. @throws AddrManError `invalid-option` */
export const check: Checker = createChecker(AddrManError, 'invalid-option');
