import { equalBytes } from '@devp2p/bytes';
import type { BlobSidecar } from '@devp2p/eth';
import { versionedHash } from '../../execution/kzg/kzg.ts';
import { cellsPerBlob } from '../../execution/kzg/sizes.ts';
import { type Refusal, refusal } from '../refusal.ts';

/** Most blobs of a transaction (EIP-7594). */
const maxBlobs = 6;

/**
 * Checks everything of a sidecar but its proofs: numbers of blobs, commitments and proofs, and the hashes of the
 * commitments.
 *
 * @param hashes versioned hashes of the transaction
 * @param version of the sidecars of the next block
 * @param isConvertible whether a sidecar of version 0 may be converted to the next version
 */
export function checkSidecarForm(
  { version: given, blobs, commitments, proofs }: BlobSidecar,
  hashes: readonly Uint8Array[],
  version: BlobSidecar['version'],
  isConvertible: boolean,
): Refusal | undefined {
  const { length } = hashes;
  if (given !== version && !(isConvertible && given === 0)) {
    return refusal('sidecar', `unexpected sidecar version, want: ${version}, got: ${given}`);
  }
  const perBlob = given === 1 ? cellsPerBlob : 1;
  if (blobs.length !== length || commitments.length !== length || proofs.length !== length * perBlob) {
    const counts = `${blobs.length} blobs, ${commitments.length} commitments and ${proofs.length} proofs`;
    return refusal('sidecar', `invalid number of ${counts} for ${length} versioned hashes`);
  }
  const wrong = hashes.findIndex((hash, i) => !equalBytes(hash, versionedHash(commitments[i] as Uint8Array)));
  if (wrong >= 0) return refusal('sidecar', `blob ${wrong}: the versioned hash is not that of its commitment`);
  if (length > maxBlobs) return refusal('blobs', `too many blobs in transaction: ${length}, limit ${maxBlobs}`);
  return undefined;
}
