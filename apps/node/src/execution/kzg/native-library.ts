import type { DasContextJs } from '@crate-crypto/node-eth-kzg';
import { errorText } from '@devp2p/appkit';
import { KzgError } from './kzg-error.ts';
import type { KzgLibrary } from './library.ts';

/** The functions of a context of `@crate-crypto/node-eth-kzg` that are used. */
export type NativeContext = Pick<
  DasContextJs,
  | 'verifyKzgProof'
  | 'blobToKzgCommitment'
  | 'verifyBlobKzgProofBatch'
  | 'computeCells'
  | 'computeCellsAndKzgProofs'
  | 'verifyCellKzgProofBatch'
  | 'recoverCellsAndKzgProofs'
>;

/**
 * The error that `@crate-crypto/node-eth-kzg` 0.10 throws when a point or field element of the input is malformed:
 * `failed to compute NAME: EIP4844(Serialization(…))`, or without `EIP4844`. It has no code of its own.
 */
const malformedInput = /^failed to compute \w+: (?:EIP4844\()?Serialization\(/;

function failed(error: unknown): KzgError {
  return new KzgError('failed', `the KZG library failed: ${errorText(error).slice(0, 200)}`, { cause: error });
}

function compute<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw failed(error);
  }
}

function verify(call: () => boolean): boolean {
  try {
    const result: unknown = call();
    if (typeof result !== 'boolean') throw new TypeError(`verification returned ${typeof result}`);
    return result;
  } catch (error) {
    if (error instanceof Error && malformedInput.test(error.message)) return false;
    throw failed(error);
  }
}

/** The library over `@crate-crypto/node-eth-kzg`, a native module. */
export function createNativeLibrary(context: NativeContext): KzgLibrary {
  return {
    verifyProof: (commitment, z, y, proof) => verify(() => context.verifyKzgProof(commitment, z, y, proof)),
    commitment: (blob) => compute(() => context.blobToKzgCommitment(blob)),
    verifyBlobs: (blobs, commitments, proofs) =>
      verify(() => context.verifyBlobKzgProofBatch(blobs, commitments, proofs)),
    cells: (blob) => compute(() => context.computeCells(blob)),
    cellsAndProofs: (blob) => compute(() => context.computeCellsAndKzgProofs(blob)),
    verifyCells: (commitments, indices, cells, proofs) =>
      verify(() => context.verifyCellKzgProofBatch(commitments, indices, cells, proofs)),
    recover: (indices, cells) => compute(() => context.recoverCellsAndKzgProofs(indices, cells)),
  };
}
