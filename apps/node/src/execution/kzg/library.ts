/** All cells of an extended blob, and the proof of each. */
export interface CellsAndProofs {
  /** 128 cells of 2048 bytes; the first 64 are the blob. */
  readonly cells: readonly Uint8Array[];
  /** 128 proofs of 48 bytes. */
  readonly proofs: readonly Uint8Array[];
}

/**
 * A library of polynomial commitments with the trusted setup of the Ethereum ceremony.
 *
 * Callers check counts, lengths, indices and field elements, so only points can be malformed. A verification returns
 * false when the input does not verify, a malformed point included, and throws a KzgError when the library failed.
 */
export interface KzgLibrary {
  verifyProof(commitment: Uint8Array, z: Uint8Array, y: Uint8Array, proof: Uint8Array): boolean;
  commitment(blob: Uint8Array): Uint8Array;
  verifyBlobs(blobs: Uint8Array[], commitments: Uint8Array[], proofs: Uint8Array[]): boolean;
  cells(blob: Uint8Array): Uint8Array[];
  cellsAndProofs(blob: Uint8Array): CellsAndProofs;
  /** The commitment of the blob of each cell, the index of each cell, and the proof of each. */
  verifyCells(commitments: Uint8Array[], indices: number[], cells: Uint8Array[], proofs: Uint8Array[]): boolean;
  /** All cells of a blob from at least 64 that verify, in ascending order of their indices. */
  recover(indices: number[], cells: Uint8Array[]): CellsAndProofs;
}
