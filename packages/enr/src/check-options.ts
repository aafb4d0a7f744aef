import { type Checker, createChecker, methods, type Rules } from '@devp2p/options';
import { EnodeError } from './enode/enode-error.ts';
import type { CryptoOptions } from './enode/node-id.ts';
import { EnrError } from './record/enr-error.ts';

/** Checks what a caller passes about records. @throws EnrError `invalid-option` */
export const check: Checker = createChecker(EnrError, 'invalid-option');

/** Checks what a caller passes about enodes. @throws EnodeError `invalid-option` */
export const checkEnode: Checker = createChecker(EnodeError, 'invalid-option');

/** The rules of {@link CryptoOptions}. */
export const cryptoRules: Rules<CryptoOptions> = { crypto: methods('keccak256') };
