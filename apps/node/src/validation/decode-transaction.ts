import { Reader, RlpError } from '@devp2p/rlp';
import { TransactionError } from '../errors/transaction-error.ts';

/** An address and its storage slots in an access list (EIP-2930). */
export interface Access {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes each. */
  readonly storageKeys: readonly Uint8Array[];
}

/** Delegation of an account to code (EIP-7702). */
export interface Authorization {
  readonly chainId: bigint;
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly yParity: bigint;
  readonly r: bigint;
  readonly s: bigint;
}

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
  readonly accessList: readonly Access[] | undefined;
  readonly maxFeePerBlobGas: bigint | undefined;
  readonly blobVersionedHashes: readonly Uint8Array[] | undefined;
  readonly authorizationList: readonly Authorization[] | undefined;
  readonly v: bigint;
  readonly r: bigint;
  readonly s: bigint;
  /** 0 or 1. */
  readonly yParity: number;
}

/** The highest known type (EIP-7702). */
export const maxTransactionType = 4;
const blobType = 3;

const wide = 32;
const long = 8;
const addressLength = 20;

/**
 * Decodes a transaction in canonical form. The signature is not verified.
 *
 * @throws TransactionError `transaction` for malformed RLP, an unknown type and a recipient that is not an address;
 * `sidecar`
 */
export function decodeTransaction(raw: Uint8Array): Transaction {
  try {
    return read(raw);
  } catch (cause) {
    if (!(cause instanceof RlpError)) throw cause;
    throw new TransactionError('transaction', cause.message, { cause });
  }
}

function read(raw: Uint8Array): Transaction {
  const reader = new Reader(raw);
  const type = reader.isList() ? 0 : reader.byte();
  if (type > maxTransactionType) throw new TransactionError('transaction', `unknown transaction type ${type}`);
  const outerEnd = reader.enterList();
  if (type === blobType) refuseSidecar(reader);
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
    throw new TransactionError('transaction', `${raw.length - reader.position} bytes after the transaction`);
  }
  if (to.length !== 0 && to.length !== addressLength) {
    throw new TransactionError('transaction', `a recipient of ${to.length} bytes`);
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

/**
 * Refuses a blob transaction with its sidecar, whose first item is the list of the transaction itself.
 *
 * @param reader at the first item
 * @throws TransactionError `sidecar`
 */
export function refuseSidecar(reader: Reader): void {
  if (reader.isList()) throw new TransactionError('sidecar', 'a blob transaction with its sidecar');
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

function readAccess(reader: Reader): Access {
  const end = reader.enterList();
  const address = reader.fixed(addressLength);
  const storageKeys = listOf(reader, readHash);
  reader.leave(end);
  return { address, storageKeys };
}

function readAuthorization(reader: Reader): Authorization {
  const end = reader.enterList();
  const authorization = {
    chainId: reader.bigint(wide),
    address: reader.fixed(addressLength),
    nonce: reader.bigint(long),
    yParity: reader.bigint(1),
    r: reader.bigint(wide),
    s: reader.bigint(wide),
  };
  reader.leave(end);
  return authorization;
}
