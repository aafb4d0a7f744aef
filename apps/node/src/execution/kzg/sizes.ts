import { KzgError } from './kzg-error.ts';

/** Sizes in bytes and counts: EIP-4844, EIP-7594 and the consensus specification of polynomial commitments. */
export const commitmentLength = 48;
export const proofLength = 48;
export const fieldElementLength = 32;
export const blobLength: number = 4096 * fieldElementLength;
export const cellLength: number = 64 * fieldElementLength;
export const cellsPerBlob = 128;
/** Cells that the blob itself consists of, and the number of cells from which all are recovered. */
export const dataCells: number = blobLength / cellLength;

/** Order of the scalar field of BLS12-381, big-endian. */
const fieldOrder = Uint8Array.from(
  Buffer.from('73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001', 'hex'),
);

/** Refuses a value whose length differs. */
export function checkLength(name: string, value: Uint8Array, length: number): void {
  if (value.length !== length) {
    throw new KzgError('input', `${name} has ${value.length} bytes, expected ${length}`);
  }
}

/** Refuses a list with another number of entries, or with an entry of another length. */
export function checkList(name: string, values: readonly Uint8Array[], count: number, length: number): void {
  if (values.length !== count) throw new KzgError('input', `${values.length} ${name}s, expected ${count}`);
  for (const value of values) checkLength(name, value, length);
}

/** Refuses a list with another number of entries, or with an entry that is not the index of a cell. */
export function checkIndices(indices: readonly number[], count: number): void {
  if (indices.length !== count) throw new KzgError('input', `${indices.length} indices, expected ${count}`);
  for (const index of indices) {
    if (!Number.isInteger(index) || index < 0 || index >= cellsPerBlob) {
      throw new KzgError('input', `cell index ${index} is not below ${cellsPerBlob}`);
    }
  }
}

/**
 * Whether all field elements are below the order of the field, as each library requires.
 *
 * @param bytes big-endian elements of 32 bytes each: a scalar, cell or blob
 */
export function isCanonical(bytes: Uint8Array): boolean {
  for (let start = 0; start < bytes.length; start += fieldElementLength) {
    let at = 0;
    while (at < fieldElementLength && bytes[start + at] === fieldOrder[at]) at++;
    if (at === fieldElementLength || (bytes[start + at] as number) > (fieldOrder[at] as number)) return false;
  }
  return true;
}
