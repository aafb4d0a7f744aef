import { type Checker, createChecker } from '@devp2p/options';
import { EthError } from './error.ts';

/** Checks options and arguments. @throws EthError `invalid-option` */
export const checkOption: Checker = createChecker(EthError, 'invalid-option');

/** Checks requests to a peer. @throws EthError `invalid-request` */
export const checkRequest: Checker = createChecker(EthError, 'invalid-request');
