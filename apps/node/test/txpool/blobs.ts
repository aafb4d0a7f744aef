import { createHash } from 'node:crypto';
import { concatBytes } from '@devp2p/bytes';
import { type BlobSidecar, encodePooledTransaction } from '@devp2p/eth';
import type { TestAccount, TransactionFields } from '../execution/sign-transaction.ts';
import type { PoolScene } from './pool-scene.ts';

/** A sidecar in valid form, whose proofs are not real. @param seed by which commitments differ */
function sidecarOf(count: number, seed: number, version: 0 | 1 = 1): BlobSidecar {
  const blobs = Array.from({ length: count }, (_, i) => new Uint8Array(131_072).fill((seed + i) & 0x7f));
  const commitments = blobs.map((_, i) => concatBytes(Uint8Array.of(seed >> 8, seed, i), new Uint8Array(45).fill(1)));
  const proofs = Array.from({ length: count * (version === 1 ? 128 : 1) }, (_, i) => new Uint8Array(48).fill(i));
  return { version, blobs, commitments, proofs };
}

export function versionedHashes({ commitments }: BlobSidecar): Uint8Array[] {
  return commitments.map((commitment) => {
    const hash = new Uint8Array(createHash('sha256').update(commitment).digest());
    hash[0] = 1;
    return hash;
  });
}

let seeds = 0;

/** A blob transaction in the form of the network. */
export function blobTransaction(
  scene: PoolScene,
  account: TestAccount,
  nonce: number,
  fields: Partial<TransactionFields> & { readonly blobs?: number; readonly version?: 0 | 1 } = {},
): { readonly canonical: Uint8Array; readonly network: Uint8Array; readonly sidecar: BlobSidecar } {
  const { blobs = 1, version = 1, ...rest } = fields;
  const sidecar = sidecarOf(blobs, ++seeds, version);
  const canonical = scene.sign(account, nonce, { ...rest, type: 3, blobHashes: versionedHashes(sidecar) });
  return { canonical, network: encodePooledTransaction(canonical, sidecar), sidecar };
}
