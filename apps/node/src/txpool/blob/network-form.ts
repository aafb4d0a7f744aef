import { Reader, RlpError, Writer } from '@devp2p/rlp';
import { TransactionError } from '../../errors/transaction-error.ts';
import { blobLength, commitmentLength, proofLength } from '../../execution/kzg/sizes.ts';
import type { BlobSidecar } from '../transaction-source.ts';

/** The form in which blob transactions are sent between nodes: with blobs, commitments and proofs (EIP-4844, EIP-7594). */

const blobType = 3;

/** A blob transaction and its sidecar. */
export interface SplitTransaction {
  /** In canonical form. */
  readonly raw: Uint8Array;
  /** Absent for a transaction in canonical form. */
  readonly sidecar: BlobSidecar | undefined;
}

/**
 * Splits a blob transaction: `3 ‖ [payload, blobs, commitments, proofs]`, or since EIP-7594
 * `3 ‖ [payload, 1, blobs, commitments, cell proofs]`.
 *
 * @param given its blobs, commitments and proofs are views of it
 * @throws RlpError; TransactionError `sidecar` for an unknown version
 */
export function splitSidecar(given: Uint8Array): SplitTransaction {
  const reader = new Reader(given);
  reader.byte();
  const outerEnd = reader.enterList();
  if (!reader.isList()) return { raw: given, sidecar: undefined };
  const payload = reader.item();
  const raw = new Uint8Array(1 + payload.length);
  raw[0] = blobType;
  raw.set(payload, 1);
  const version = reader.isList() ? 0 : reader.uint(0xff);
  if (version > 1) throw new TransactionError('sidecar', `unknown version ${version} of a sidecar`);
  const blobs = readList(reader, blobLength);
  const commitments = readList(reader, commitmentLength);
  const proofs = readList(reader, proofLength);
  reader.leave(outerEnd);
  if (!reader.done) throw new RlpError('trailing-bytes', 'bytes after the transaction', reader.position);
  return { raw, sidecar: { version: version as 0 | 1, blobs, commitments, proofs } };
}

/** The reverse of {@link splitSidecar}. */
export function joinSidecar(raw: Uint8Array, { version, blobs, commitments, proofs }: BlobSidecar): Uint8Array {
  const count = blobs.length + commitments.length + proofs.length;
  const writer = new Writer(raw.length + blobs.length * blobLength + count * (proofLength + 4) + 64);
  writeList(writer, proofs);
  writeList(writer, commitments);
  writeList(writer, blobs);
  if (version > 0) writer.uint(version);
  writer.copy(raw.subarray(1));
  writer.wrapList(0);
  writer.byte(blobType);
  return writer.finish();
}

function readList(reader: Reader, length: number): readonly Uint8Array[] {
  const end = reader.enterList();
  const items: Uint8Array[] = [];
  while (!reader.done) items.push(reader.fixed(length));
  reader.leave(end);
  return items;
}

function writeList(writer: Writer, items: readonly Uint8Array[]): void {
  const mark = writer.length;
  for (let i = items.length - 1; i >= 0; i--) writer.string(items[i] as Uint8Array);
  writer.wrapList(mark);
}
