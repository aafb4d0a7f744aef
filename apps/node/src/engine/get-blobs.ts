import type { ForkChoice } from '../chain/fork-choice.ts';
import type { CanonicalChain, ChainRules } from '../chain/interfaces.ts';
import { toData } from '../rpc/codec/hex.ts';
import { RpcError } from '../rpc/transport/rpc-error.ts';
import type { ProvenBlob, TransactionPool } from '../txpool/options.ts';
import { isWithin, unsupportedFork, type VersionForks } from './versions.ts';

/** Versions of `engine_getBlobs`: for blobs with a proof each, and for those with proofs of their cells. */
export type GetBlobsVersion = 'V1' | 'V2' | 'V3';

/** Where blobs come from. */
export interface BlobSource {
  readonly chain: ChainRules & Pick<CanonicalChain, 'head' | 'numberOf'>;
  readonly forkChoice: Pick<ForkChoice, 'head'>;
  readonly pool: Pick<TransactionPool, 'blobs'>;
}

/** Maximum number of hashes of a call (execution-apis, `osaka.md`). */
const maxHashes = 128;

/** Forks whose blobs have one proof. */
const oneProof: VersionForks = { from: 'cancun', until: 'osaka' };

/**
 * `engine_getBlobs…`: blobs of pooled transactions by their versioned hashes, in the order of the request.
 *
 * @returns `null` in place of a missing blob, in version 2 in place of all of them; `null` from version 2 on while the
 * chain is not at the requested head, and before Osaka
 * @throws RpcError `too-large-request`; `unsupported-fork` for version 1 after its forks
 */
export async function getBlobs(
  { chain, forkChoice, pool }: BlobSource,
  version: GetBlobsVersion,
  hashes: readonly Uint8Array[],
): Promise<unknown> {
  if (hashes.length > maxHashes) {
    throw new RpcError('too-large-request', `Too large request: ${hashes.length} hashes, more than ${maxHashes}`);
  }
  const { config } = chain.genesis;
  const { head } = chain;
  if (version === 'V1') {
    if (!isWithin(head, oneProof, config)) throw unsupportedFork();
    return (await pool.blobs(hashes)).map((blob) => (blob?.version === 0 ? withProof(blob) : null));
  }
  const requested = forkChoice.head;
  const isSyncing = requested === undefined || (await chain.numberOf(requested)) === undefined;
  if (isSyncing || head.timestamp < config.forks.osaka) return null;
  const found = (await pool.blobs(hashes)).map((blob) => (blob?.version === 1 ? withCellProofs(blob) : null));
  return version === 'V2' && found.includes(null) ? null : found;
}

function withProof({ blob, proofs }: ProvenBlob) {
  return { blob: toData(blob), proof: toData(proofs[0] as Uint8Array) };
}

function withCellProofs({ blob, proofs }: ProvenBlob) {
  return { blob: toData(blob), proofs: proofs.map(toData) };
}
