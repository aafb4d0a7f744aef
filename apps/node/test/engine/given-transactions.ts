import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { type BlobSidecar, recoverSender } from '@devp2p/eth';
import type { PendingTransaction, TransactionSource } from '../../src/txpool/transaction-source.ts';
import { decodeTransaction } from '../../src/validation/decode-transaction.ts';

/** A transaction as a source has it. */
export function pendingOf(raw: Uint8Array, sidecar?: BlobSidecar): PendingTransaction {
  const { nonce, gas, gasPrice, maxFeePerGas, maxPriorityFeePerGas, blobVersionedHashes, maxFeePerBlobGas } =
    decodeTransaction(raw);
  const feeCap = maxFeePerGas ?? gasPrice ?? 0n;
  return {
    hash: crypto.keccak256(raw),
    raw,
    sender: recoverSender(raw, crypto) as Uint8Array,
    nonce,
    gas: Number(gas),
    feeCap,
    tipCap: maxPriorityFeePerGas ?? feeCap,
    isLocal: false,
    ...(blobVersionedHashes && {
      blobs: { count: blobVersionedHashes.length, feeCap: maxFeePerBlobGas ?? 0n, version: sidecar?.version ?? 0 },
    }),
  };
}

/** A source of the transactions that a test adds. */
export class GivenTransactions implements TransactionSource {
  readonly #given: PendingTransaction[] = [];
  readonly #sidecars = new Map<string, BlobSidecar>();

  add(raw: Uint8Array, sidecar?: BlobSidecar): void {
    const pending = pendingOf(raw, sidecar);
    this.#given.push(pending);
    if (sidecar !== undefined) this.#sidecars.set(toHex(pending.hash), sidecar);
  }

  async pending(): Promise<readonly PendingTransaction[]> {
    return this.#given;
  }

  async sidecar(hash: Uint8Array): Promise<BlobSidecar | undefined> {
    return this.#sidecars.get(toHex(hash));
  }
}
