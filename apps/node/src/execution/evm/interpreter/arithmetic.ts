import { maxWord, twoPow256 } from '../words.ts';

/*
 * Operations on words, which are numbers from 0 to 2^256 - 1. Signed operations read them in two's complement.
 */

const signBit = 2n ** 255n;

export function signedDivide(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  const quotient = magnitude(a) / magnitude(b);
  return a < signBit === b < signBit ? quotient & maxWord : negate(quotient);
}

/** The remainder has the sign of `a`. */
export function signedModulo(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  const remainder = magnitude(a) % magnitude(b);
  return a < signBit ? remainder : negate(remainder);
}

export function isSignedLess(a: bigint, b: bigint): boolean {
  const isPositive = a < signBit;
  return isPositive === b < signBit ? a < b : !isPositive;
}

export function addModulo(a: bigint, b: bigint, divisor: bigint): bigint {
  if (divisor === 0n) return 0n;
  const sum = a + b;
  if (sum < divisor) return sum;
  // Mostly both are less than the divisor, and a division takes longer than a subtraction.
  const rest = sum - divisor;
  return rest < divisor ? rest : rest % divisor;
}

export function power(base: bigint, exponent: bigint): bigint {
  if (base === 2n) return exponent > 255n ? 0n : 1n << exponent;
  const bits = exponent.toString(2);
  let result = 1n;
  for (let i = 0; i < bits.length; i++) {
    result = (result * result) & maxWord;
    if (bits[i] === '1') result = (result * base) & maxWord;
  }
  return result;
}

/** Extends the sign of a number of `last + 1` bytes. */
export function signExtend(last: bigint, value: bigint): bigint {
  if (last > 30n) return value;
  const size = Number(last);
  return (value & (signBits[size] as bigint)) === 0n
    ? value & (lowBytes[size] as bigint)
    : value | (highBytes[size] as bigint);
}

/** For numbers of `i + 1` bytes: masks of the number, of its sign, and of the bytes before it. */
const lowBytes: readonly bigint[] = Array.from({ length: 31 }, (_, i) => (1n << BigInt(8 * i + 8)) - 1n);
const signBits: readonly bigint[] = Array.from({ length: 31 }, (_, i) => 1n << BigInt(8 * i + 7));
const highBytes: readonly bigint[] = lowBytes.map((mask) => maxWord ^ mask);
/** The highest `i` bits. */
const highBits: readonly bigint[] = Array.from({ length: 256 }, (_, i) => maxWord ^ (maxWord >> BigInt(i)));

function magnitude(word: bigint): bigint {
  return word < signBit ? word : twoPow256 - word;
}

function negate(word: bigint): bigint {
  return word === 0n ? 0n : twoPow256 - word;
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
  if (value < signBit) return shift > 255n ? 0n : value >> shift;
  return shift > 255n ? maxWord : (value >> shift) | (highBits[Number(shift)] as bigint);
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
