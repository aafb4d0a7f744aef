/** The blobs of a transaction, with their commitments and proofs (EIP-4844, EIP-7594). */
export interface BlobSidecar {
  /** 0: a proof for each blob, before Osaka. 1: 128 cell proofs for each blob, from Osaka on. */
  readonly version: 0 | 1;
  /** 131,072 bytes each. */
  readonly blobs: readonly Uint8Array[];
  /** 48 bytes each, in the order of the transaction's versioned hashes. */
  readonly commitments: readonly Uint8Array[];
  /** 48 bytes each, in the order of the blobs. */
  readonly proofs: readonly Uint8Array[];
}
