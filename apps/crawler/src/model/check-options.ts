import { type Checker, createChecker } from '@devp2p/options';
import { CrawlerError } from './error.ts';

/** Checks arguments and options. @throws CrawlerError `invalid-option` */
export const check: Checker = createChecker(CrawlerError, 'invalid-option');
