import { bytes, type Codec, list, Reader, RlpError, Writer } from '@devp2p/rlp';
import { blobType, decodeTransaction, type Transaction } from './decode-transaction.ts';

/** Lengths in bytes (EIP-4844): a blob, and a KZG commitment or proof. */
const blobLength = 131_072;
const pointLength = 48;

/**
 * The blobs of a blob transaction with their commitments and proofs, which are exchanged with the pooled transaction but
 * are not part of blocks.
 */
export interface BlobSidecar {
  /** 0 with one proof for each blob (EIP-4844); 1 with 128 proofs of cells for each blob (EIP-7594), from Osaka on. */
  readonly version: 0 | 1;
  /** 131,072 bytes each. */
  readonly blobs: readonly Uint8Array[];
  /** KZG commitments, 48 bytes each: one for each blob. */
  readonly commitments: readonly Uint8Array[];
  /** KZG proofs, 48 bytes each, blob after blob. */
  readonly proofs: readonly Uint8Array[];
}

/** A transaction of any type in network form, decoded. */
export interface DecodedPooledTransaction {
  /** Its `raw` is the canonical form. */
  readonly transaction: Transaction;
  /** Of a blob transaction. */
  readonly sidecar?: BlobSidecar | undefined;
}

const blobs = list(bytes(blobLength));
const points = list(bytes(pointLength));

/**
 * Decodes a transaction in network form, in which pools exchange it: a blob transaction with its sidecar, any other one
 * in canonical form. Neither the signature nor the sidecar is verified, nor are their numbers of blobs compared.
 *
 * @throws RlpError when it is malformed, of an unknown type, or a blob transaction without a sidecar
 */
export function decodePooledTransaction(network: Uint8Array): DecodedPooledTransaction {
  if (network[0] !== blobType) return { transaction: decodeTransaction(network) };
  const reader = new Reader(network);
  reader.byte();
  const end = reader.enterList();
  if (!reader.isList()) {
    throw new RlpError('expected-list', 'a blob transaction without its sidecar', reader.position);
  }
  const transaction = decodeTransaction(canonical(reader.item()));
  const version = readVersion(reader);
  const sidecar = { version, blobs: blobs.read(reader), commitments: points.read(reader), proofs: points.read(reader) };
  reader.leave(end);
  if (!reader.done) {
    const count = network.length - reader.position;
    throw new RlpError('trailing-bytes', `${count} bytes after the transaction`, reader.position);
  }
  return { transaction, sidecar };
}

/** The wrapper version, which sidecars of version 0 do not have. */
function readVersion(reader: Reader): 0 | 1 {
  if (reader.isList()) return 0;
  const wrapper = reader.byte();
  if (wrapper === 1) return wrapper;
  throw new RlpError('invalid-value', `unknown version of a sidecar: ${wrapper}`, reader.position - 1);
}

/**
 * Encodes a blob transaction with its sidecar: the reverse of {@link decodePooledTransaction}.
 *
 * @param transaction blob transaction in canonical form
 * @returns the network form
 * @throws RlpError when the transaction is not a blob transaction, or a part of the sidecar has a wrong length
 */
export function encodePooledTransaction(transaction: Uint8Array, sidecar: BlobSidecar): Uint8Array {
  if (transaction[0] !== blobType) throw new RlpError('invalid-value', 'not a blob transaction');
  const { version: wrapper, commitments, proofs } = sidecar;
  const pointCount = commitments.length + proofs.length;
  const room = transaction.length + sidecar.blobs.length * (blobLength + 4) + pointCount * (pointLength + 1) + 32;
  const writer = new Writer(room);
  write(writer, points, proofs);
  write(writer, points, commitments);
  write(writer, blobs, sidecar.blobs);
  if (wrapper === 1) writer.byte(wrapper);
  writer.copy(transaction.subarray(1));
  writer.wrapList(0);
  writer.byte(blobType);
  return writer.finish();
}

function write(writer: Writer, codec: Codec<Uint8Array[]>, items: readonly Uint8Array[]): void {
  codec.write(writer, [...items]);
}

/** @param payload RLP list */
function canonical(payload: Uint8Array): Uint8Array {
  const bare = new Uint8Array(1 + payload.length);
  bare[0] = blobType;
  bare.set(payload, 1);
  return bare;
}
