/**
 * A storage slot: hex digits of up to 32 bytes, of which the leading zeros may be missing, also a single one. Throws an
 * `Error` with the expected form.
 */
export function storageSlot(value: unknown): bigint {
  if (typeof value !== 'string' || !/^0x[\da-f]*$/i.test(value.slice(0, 2 + maxDigits))) {
    throw new Error('unable to decode storage key: expected 0x and hex digits');
  }
  if (value.length > 2 + maxDigits) {
    throw new Error('unable to decode storage key: expected at most 32 bytes');
  }
  return value.length === 2 ? 0n : BigInt(value);
}

/** Whether a slot was written in full, in the form of a hash. */
export function isWholeSlot(text: string): boolean {
  return text.length === 2 + maxDigits;
}

/** A word as `DATA` of 32 bytes. */
export function toWord(value: bigint): string {
  return `0x${value.toString(16).padStart(maxDigits, '0')}`;
}

const maxDigits = 64;
