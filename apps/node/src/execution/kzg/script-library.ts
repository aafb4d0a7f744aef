import { errorText } from '@devp2p/appkit';
import { fromHex, toHex } from '@devp2p/bytes';
import type { KZG } from 'micro-eth-signer/kzg.js';
import { KzgError } from './kzg-error.ts';
import type { KzgLibrary } from './library.ts';

/** The functions of `KZG` of `micro-eth-signer` that are used. */
export type ScriptContext = Pick<
  KZG,
  | 'verifyProof'
  | 'blobToKzgCommitment'
  | 'verifyBlobProofBatch'
  | 'computeCells'
  | 'computeCellsAndProofs'
  | 'verifyCellKzgProofBatch'
  | 'recoverCellsAndProofs'
>;

/**
 * A proof that verifies, of the polynomial p(x) = x at 2: its commitment is the second point of `g1_monomial` in the
 * ceremony's setup, its proof is the generator of G1.
 */
const knownProof = {
  commitment: '0xad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81',
  z: 2n,
  y: 2n,
  proof: '0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb',
};

const hex = (bytes: Uint8Array): string => `0x${toHex(bytes)}`;
const bytes = (text: string): Uint8Array => fromHex(text.slice(2));

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

/** The library over `micro-eth-signer`, without native code and 10 to 30 times slower than the native one. */
export function createScriptLibrary(context: ScriptContext): KzgLibrary {
  /**
   * The library turns every error into false, also an exhausted stack or memory, and throws errors without a code. So
   * a negative result counts only if a valid proof verifies in the same place.
   */
  const verify = (call: () => boolean): boolean => {
    let cause: unknown = new Error('a valid proof does not verify');
    try {
      if (call() === true) return true;
    } catch (error) {
      cause = error;
    }
    const { commitment, z, y, proof } = knownProof;
    if (cause instanceof RangeError || !compute(() => context.verifyProof(commitment, z, y, proof)))
      throw failed(cause);
    return false;
  };
  return {
    verifyProof: (commitment, z, y, proof) =>
      verify(() => context.verifyProof(hex(commitment), hex(z), hex(y), hex(proof))),
    commitment: (blob) => compute(() => bytes(context.blobToKzgCommitment(hex(blob)))),
    verifyBlobs: (blobs, commitments, proofs) =>
      verify(() => context.verifyBlobProofBatch(blobs.map(hex), commitments.map(hex), proofs.map(hex))),
    cells: (blob) => compute(() => context.computeCells(hex(blob)).map(bytes)),
    cellsAndProofs: (blob) =>
      compute(() => {
        const [cells, proofs] = context.computeCellsAndProofs(hex(blob));
        return { cells: cells.map(bytes), proofs: proofs.map(bytes) };
      }),
    verifyCells: (commitments, indices, cells, proofs) =>
      verify(() => context.verifyCellKzgProofBatch(commitments.map(hex), indices, cells.map(hex), proofs.map(hex))),
    recover: (indices, cells) =>
      compute(() => {
        const [all, proofs] = context.recoverCellsAndProofs(indices, cells.map(hex));
        return { cells: all.map(bytes), proofs: proofs.map(bytes) };
      }),
  };
}
