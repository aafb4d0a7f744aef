import { type Checker, createChecker, methods, type Rules } from '@devp2p/options';
import { EnodeError } from './enode/enode-error.ts';
import type { CryptoOptions } from './enode/node-id.ts';
import { EnrError } from './record/enr-error.ts';

/** Checks arguments and options of functions for records. @throws EnrError `invalid-option` */
export const check: Checker = createChecker(EnrError, 'invalid-option');

/** Checks arguments and options of functions for enode URLs. @throws EnodeError `invalid-option` */
export const checkEnode: Checker = createChecker(EnodeError, 'invalid-option');

/** Rules of {@link CryptoOptions}. */
export const cryptoRules: Rules<CryptoOptions> = { crypto: methods('keccak256') };
