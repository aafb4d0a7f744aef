import { type Checker, createChecker } from '@devp2p/options';
import { DnsdiscError } from './error.ts';

/** Checks what a caller passes. @throws DnsdiscError `invalid-option` */
export const check: Checker = createChecker(DnsdiscError, 'invalid-option');
