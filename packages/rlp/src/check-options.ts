import { type Checker, createChecker, integer, methods, type Rule } from '@devp2p/options';
import { RlpError } from './error.ts';

/** Checks arguments and options. @throws RlpError `invalid-option` */
export const check: Checker = createChecker(RlpError, 'invalid-option');

export const codecRule: Rule = { ...methods('read', 'write'), expected: 'a codec' };

export const bitsRule: Rule = integer(1);

/** A limit of bytes or items. */
export const limitRule: Rule = {
  expected: 'an integer of at least 0, or Infinity',
  fits: (value) => value === Number.POSITIVE_INFINITY || integer(0).fits(value),
};
