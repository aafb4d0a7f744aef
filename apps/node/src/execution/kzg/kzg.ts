import { createHash } from 'node:crypto';
import { concatBytes } from '@devp2p/bytes';
import { KzgError } from './kzg-error.ts';
import type { CellsAndProofs, KzgLibrary } from './library.ts';
import { loadLibrary } from './load-library.ts';
import {
  blobLength,
  cellLength,
  cellsPerBlob,
  checkIndices,
  checkLength,
  checkList,
  commitmentLength,
  dataCells,
  fieldElementLength,
  isCanonical,
  proofLength,
} from './sizes.ts';

/**
 * Polynomial commitments of blobs (EIP-4844) and their cells (EIP-7594).
 *
 * All functions are synchronous, and take from 2 ms (a proof) to 400 ms (the proofs of a blob's cells), so they belong
 * into a worker. All of them throw a {@link KzgError}: `input` for arguments of another count or length, and a fatal
 * one when the library cannot be loaded or fails.
 */
export interface Kzg {
  /** Loads the library now instead of at the first use. */
  load(): void;
  /**
   * Whether the polynomial of a commitment has the value y at z: the check of the point evaluation precompile.
   *
   * @param commitment 48 bytes
   * @param z 32 bytes
   * @param y 32 bytes
   * @param proof 48 bytes
   */
  verifyProof(commitment: Uint8Array, z: Uint8Array, y: Uint8Array, proof: Uint8Array): boolean;
  /**
   * The commitment of a blob, 48 bytes.
   *
   * @throws KzgError `input` when a field element of the blob is not canonical
   */
  commitment(blob: Uint8Array): Uint8Array;
  /** Whether the proof of each blob verifies (network form of EIP-4844). */
  verifyBlobs(blobs: Uint8Array[], commitments: Uint8Array[], proofs: Uint8Array[]): boolean;
  /**
   * Whether the proofs of all cells of each blob verify (network form of EIP-7594).
   *
   * @param proofs 128 for each blob, in order
   */
  verifyBlobCells(blobs: Uint8Array[], commitments: Uint8Array[], proofs: Uint8Array[]): boolean;
  /** Whether the proof of each cell verifies against the commitment of its blob, all of them in one batch. */
  verifyCells(commitments: Uint8Array[], indices: number[], cells: Uint8Array[], proofs: Uint8Array[]): boolean;
  /**
   * The 128 cells of a blob and their proofs.
   *
   * @throws KzgError `input` when a field element of the blob is not canonical
   */
  cellsAndProofs(blob: Uint8Array): CellsAndProofs;
  /**
   * All cells of a blob and their proofs, from at least 64 of them in any order.
   *
   * @returns nothing when the proofs of the given cells do not verify
   * @throws KzgError `input` for fewer than 64 cells, or for an index that occurs twice
   */
  recover(
    commitment: Uint8Array,
    indices: number[],
    cells: Uint8Array[],
    proofs: Uint8Array[],
  ): CellsAndProofs | undefined;
}

/** Options of {@link openKzg}. */
export interface KzgOptions {
  /** Called at most once, with the reason why the native library does not load and the slower one is used. */
  readonly onFallback?: ((reason: string) => void) | undefined;
  /** Loads the library. @default the native one, or the slower one where it does not load */
  readonly loadLibrary?: ((onFallback?: (reason: string) => void) => KzgLibrary) | undefined;
}

/** The first byte of the hash of a blob: VERSIONED_HASH_VERSION_KZG of EIP-4844. */
const versionKzg = 1;

/** The versioned hash of a commitment, 32 bytes (EIP-4844). */
export function versionedHash(commitment: Uint8Array): Uint8Array {
  checkLength('commitment', commitment, commitmentLength);
  const hash = new Uint8Array(createHash('sha256').update(commitment).digest());
  hash[0] = versionKzg;
  return hash;
}

function checkBlob(blob: Uint8Array): void {
  checkLength('blob', blob, blobLength);
  if (!isCanonical(blob)) throw new KzgError('input', 'a field element of the blob is not canonical');
}

/** Opens the library of polynomial commitments of one thread. It is loaded at its first use. */
export function openKzg({ onFallback, loadLibrary: load = loadLibrary }: KzgOptions = {}): Kzg {
  let loaded: KzgLibrary | undefined;
  const library = (): KzgLibrary => {
    loaded ??= load(onFallback);
    return loaded;
  };

  const verifyCells: Kzg['verifyCells'] = (commitments, indices, cells, proofs) => {
    checkIndices(indices, cells.length);
    checkList('commitment', commitments, cells.length, commitmentLength);
    checkList('cell', cells, cells.length, cellLength);
    checkList('proof', proofs, cells.length, proofLength);
    if (!cells.every(isCanonical)) return false;
    return cells.length === 0 || library().verifyCells(commitments, indices, cells, proofs);
  };

  const cellsAndProofs: Kzg['cellsAndProofs'] = (blob) => {
    checkBlob(blob);
    return library().cellsAndProofs(blob);
  };

  return {
    load() {
      library();
    },
    verifyProof(commitment, z, y, proof) {
      checkLength('commitment', commitment, commitmentLength);
      checkLength('z', z, fieldElementLength);
      checkLength('y', y, fieldElementLength);
      checkLength('proof', proof, proofLength);
      return isCanonical(z) && isCanonical(y) && library().verifyProof(commitment, z, y, proof);
    },
    commitment(blob) {
      checkBlob(blob);
      return library().commitment(blob);
    },
    verifyBlobs(blobs, commitments, proofs) {
      checkList('blob', blobs, blobs.length, blobLength);
      checkList('commitment', commitments, blobs.length, commitmentLength);
      checkList('proof', proofs, blobs.length, proofLength);
      if (!blobs.every(isCanonical)) return false;
      return blobs.length === 0 || library().verifyBlobs(blobs, commitments, proofs);
    },
    verifyBlobCells(blobs, commitments, proofs) {
      checkList('blob', blobs, blobs.length, blobLength);
      checkList('commitment', commitments, blobs.length, commitmentLength);
      checkList('proof', proofs, blobs.length * cellsPerBlob, proofLength);
      if (!blobs.every(isCanonical)) return false;
      const cells = blobs.flatMap((blob) => library().cells(blob));
      const ofCells = cells.map((_, at) => commitments[Math.floor(at / cellsPerBlob)] as Uint8Array);
      const indices = cells.map((_, at) => at % cellsPerBlob);
      return verifyCells(ofCells, indices, cells, proofs);
    },
    verifyCells,
    cellsAndProofs,
    recover(commitment, indices, cells, proofs) {
      checkLength('commitment', commitment, commitmentLength);
      if (cells.length < dataCells) {
        throw new KzgError('input', `${cells.length} cells, at least ${dataCells} are needed`);
      }
      checkIndices(indices, cells.length);
      if (new Set(indices).size !== indices.length) throw new KzgError('input', 'a cell index occurs twice');
      const commitments = cells.map(() => commitment);
      // A foreign cell makes the libraries return wrong cells.
      if (!verifyCells(commitments, indices, cells, proofs)) return undefined;
      const order = indices.map((_, at) => at).sort((a, b) => (indices[a] as number) - (indices[b] as number));
      const sortedIndices = order.map((at) => indices[at] as number);
      const sortedCells = order.map((at) => cells[at] as Uint8Array);
      if (sortedIndices[dataCells - 1] === dataCells - 1) {
        return cellsAndProofs(concatBytes(...sortedCells.slice(0, dataCells)));
      }
      return library().recover(sortedIndices, sortedCells);
    },
  };
}
