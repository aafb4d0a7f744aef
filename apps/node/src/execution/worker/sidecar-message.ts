import { concatBytes } from '@devp2p/bytes';
import type { BlobSidecar } from '@devp2p/eth';
import type { Kzg } from '../kzg/kzg.ts';
import { KzgError } from '../kzg/kzg-error.ts';
import { blobLength, commitmentLength, proofLength } from '../kzg/sizes.ts';

/** A sidecar as a message: the items of each list in one buffer. */
export interface SidecarMessage {
  readonly version: 0 | 1;
  readonly blobs: Uint8Array;
  readonly commitments: Uint8Array;
  readonly proofs: Uint8Array;
}

export function encodeSidecar({ version, blobs, commitments, proofs }: BlobSidecar): SidecarMessage {
  return {
    version,
    blobs: concatBytes(...blobs),
    commitments: concatBytes(...commitments),
    proofs: concatBytes(...proofs),
  };
}

/** Whether the proofs of a sidecar verify. */
export function verifySidecar({ version, blobs, commitments, proofs }: SidecarMessage, kzg: Kzg): boolean {
  const items = [
    divide(blobs, blobLength),
    divide(commitments, commitmentLength),
    divide(proofs, proofLength),
  ] as const;
  return version === 1 ? kzg.verifyBlobCells(...items) : kzg.verifyBlobs(...items);
}

/** The proofs of the cells of blobs, in one buffer; `undefined` for blobs that are not canonical. */
export function cellProofs(blobs: Uint8Array, kzg: Kzg): Uint8Array | undefined {
  try {
    return concatBytes(...divide(blobs, blobLength).flatMap((blob) => kzg.cellsAndProofs(blob).proofs));
  } catch (error) {
    if (error instanceof KzgError && error.code === 'input') return undefined;
    throw error;
  }
}

export function divide(bytes: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: bytes.length / length }, (_, i) => bytes.subarray(i * length, (i + 1) * length));
}
