import { Reader, RlpError } from '@devp2p/rlp';
import type { AccessListItem, SignedAuthorization } from './sign-transaction.ts';

/** A transaction of any type, decoded. Byte strings are views of `raw`. */
export interface Transaction {
  /** In canonical form: `type ‖ payload`, or a legacy transaction's RLP list. */
  readonly raw: Uint8Array;
  readonly type: number;
  /** Absent for a legacy transaction without replay protection. */
  readonly chainId: bigint | undefined;
  readonly nonce: bigint;
  /** Of types 0 and 1. In wei, like all fees. */
  readonly gasPrice: bigint | undefined;
  readonly maxPriorityFeePerGas: bigint | undefined;
  readonly maxFeePerGas: bigint | undefined;
  readonly gas: bigint;
  /** 20 bytes; absent for a contract creation. */
  readonly to: Uint8Array | undefined;
  readonly value: bigint;
  readonly input: Uint8Array;
  readonly accessList: readonly AccessListItem[] | undefined;
  readonly maxFeePerBlobGas: bigint | undefined;
  readonly blobVersionedHashes: readonly Uint8Array[] | undefined;
  readonly authorizationList: readonly SignedAuthorization[] | undefined;
  readonly v: bigint;
  readonly r: bigint;
  readonly s: bigint;
  /** 0 or 1 in a valid signature. */
  readonly yParity: number;
}

/** Blob transactions (EIP-4844). */
export const blobType = 3;
/** The highest known type (EIP-7702). */
export const maxTransactionType = 4;

const wide = 32;
const long = 8;
const addressLength = 20;

/**
 * Decodes a transaction in canonical form. The signature is not verified: see {@link recoverSender}.
 *
 * @throws RlpError when the transaction is malformed, of an unknown type, or with a recipient that is not an address. A
 *   blob transaction with its sidecar is malformed: see {@link decodePooledTransaction}.
 */
export function decodeTransaction(raw: Uint8Array): Transaction {
  const reader = new Reader(raw);
  const type = reader.isList() ? 0 : reader.byte();
  if (type > maxTransactionType) throw new RlpError('invalid-value', `unknown transaction type ${type}`, 0);
  const outerEnd = reader.enterList();
  const chainId = type === 0 ? undefined : reader.bigint(wide);
  const nonce = reader.bigint(long);
  const gasPrice = type < 2 ? reader.bigint(wide) : undefined;
  const maxPriorityFeePerGas = type < 2 ? undefined : reader.bigint(wide);
  const maxFeePerGas = type < 2 ? undefined : reader.bigint(wide);
  const gas = reader.bigint(long);
  const to = reader.string();
  const value = reader.bigint(wide);
  const input = reader.string();
  const accessList = type === 0 ? undefined : listOf(reader, readAccess);
  const maxFeePerBlobGas = type === blobType ? reader.bigint(wide) : undefined;
  const blobVersionedHashes = type === blobType ? listOf(reader, readHash) : undefined;
  const authorizationList = type === 4 ? listOf(reader, readAuthorization) : undefined;
  const v = reader.bigint(wide);
  const r = reader.bigint(wide);
  const s = reader.bigint(wide);
  reader.leave(outerEnd);
  if (!reader.done) {
    const count = raw.length - reader.position;
    throw new RlpError('trailing-bytes', `${count} bytes after the transaction`, reader.position);
  }
  if (to.length !== 0 && to.length !== addressLength) {
    throw new RlpError('wrong-length', `a recipient of ${to.length} bytes`, reader.position);
  }
  const isProtected = type === 0 && v >= 35n;
  return {
    raw,
    type,
    chainId: isProtected ? (v - 35n) / 2n : chainId,
    nonce,
    gasPrice,
    maxPriorityFeePerGas,
    maxFeePerGas,
    gas,
    value,
    input,
    to: to.length === 0 ? undefined : to,
    accessList,
    maxFeePerBlobGas,
    blobVersionedHashes,
    authorizationList,
    v,
    r,
    s,
    yParity: type > 0 ? Number(v) : Number(isProtected ? (v - 35n) % 2n : v - 27n),
  };
}

function listOf<T>(reader: Reader, readItem: (reader: Reader) => T): T[] {
  const end = reader.enterList();
  const items: T[] = [];
  while (!reader.done) items.push(readItem(reader));
  reader.leave(end);
  return items;
}

function readHash(reader: Reader): Uint8Array {
  return reader.fixed(32);
}

function readAccess(reader: Reader): AccessListItem {
  const end = reader.enterList();
  const address = reader.fixed(addressLength);
  const storageKeys = listOf(reader, readHash);
  reader.leave(end);
  return { address, storageKeys };
}

function readAuthorization(reader: Reader): SignedAuthorization {
  const end = reader.enterList();
  const authorization = {
    chainId: reader.bigint(wide),
    address: reader.fixed(addressLength),
    nonce: reader.bigint(long),
    yParity: reader.uint(0xff),
    r: reader.bigint(wide),
    s: reader.bigint(wide),
  };
  reader.leave(end);
  return authorization;
}
