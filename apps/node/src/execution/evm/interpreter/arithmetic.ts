import { maxWord } from './words.ts';

/*
 * Operations on words, which are numbers from 0 to 2^256 - 1. Signed operations read them in two's complement.
 */

export function signedDivide(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : BigInt.asUintN(256, BigInt.asIntN(256, a) / BigInt.asIntN(256, b));
}

/** The remainder has the sign of `a`. */
export function signedModulo(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : BigInt.asUintN(256, BigInt.asIntN(256, a) % BigInt.asIntN(256, b));
}

export function isSignedLess(a: bigint, b: bigint): boolean {
  return BigInt.asIntN(256, a) < BigInt.asIntN(256, b);
}

export function power(base: bigint, exponent: bigint): bigint {
  if (base === 2n) return exponent > 255n ? 0n : 1n << exponent;
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) & maxWord;
    square = (square * square) & maxWord;
  }
  return result;
}

/** Extends the sign of a number of `last + 1` bytes. */
export function signExtend(last: bigint, value: bigint): bigint {
  if (last > 30n) return value;
  return BigInt.asUintN(256, BigInt.asIntN(8 * Number(last) + 8, value));
}

/** A byte of a word; 0 is the most significant one. */
export function byteAt(index: bigint, value: bigint): bigint {
  return index > 31n ? 0n : (value >> (8n * (31n - index))) & 0xffn;
}

export function shiftLeft(shift: bigint, value: bigint): bigint {
  return shift > 255n ? 0n : (value << shift) & maxWord;
}

export function shiftRight(shift: bigint, value: bigint): bigint {
  return shift > 255n ? 0n : value >> shift;
}

export function signedShiftRight(shift: bigint, value: bigint): bigint {
  return BigInt.asUintN(256, BigInt.asIntN(256, value) >> (shift > 255n ? 255n : shift));
}

/** Length of a number in bits; 0 for 0. */
export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const digits = value.toString(16);
  return 4 * digits.length - Math.clz32(Number.parseInt(digits[0] as string, 16)) + 28;
}

/** Length of a number in bytes; 0 for 0. */
export function byteLength(value: bigint): number {
  return value === 0n ? 0 : (value.toString(16).length + 1) >> 1;
}
