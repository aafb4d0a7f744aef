import type { Crypto } from '@devp2p/crypto';
import { transactionHash } from '@devp2p/eth';
import { Reader, Writer } from '@devp2p/rlp';
import { toData, toQuantity } from './hex.ts';

/** Position of a transaction in the chain. */
export interface TransactionPlace {
  readonly blockHash: Uint8Array;
  readonly blockNumber: number;
  readonly blockTimestamp: number;
  readonly baseFee: bigint | undefined;
  readonly index: number;
}

/** An address and its storage slots in an access list (EIP-2930). */
interface Access {
  readonly address: Uint8Array;
  readonly storageKeys: readonly Uint8Array[];
}

/** Delegation of an account to code (EIP-7702). */
interface Authorization {
  readonly chainId: bigint;
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly yParity: bigint;
  readonly r: bigint;
  readonly s: bigint;
}

/** A transaction of any type, decoded. */
export interface Transaction {
  /** In canonical form: `type ‖ payload`, or a legacy transaction's RLP list. */
  readonly raw: Uint8Array;
  readonly type: number;
  /** Absent for a legacy transaction without replay protection. */
  readonly chainId: bigint | undefined;
  readonly nonce: bigint;
  /** Of types 0 and 1. */
  readonly gasPrice: bigint | undefined;
  readonly maxPriorityFeePerGas: bigint | undefined;
  readonly maxFeePerGas: bigint | undefined;
  readonly gas: bigint;
  /** Absent for a contract creation. */
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
  /** The encoded fields before the signature. */
  readonly signed: Uint8Array;
}

const wide = 32;
const long = 8;

/**
 * Decodes a transaction in canonical form. The signature is not verified.
 *
 * @throws RlpError; Error for an unknown type
 */
export function decodeTransaction(raw: Uint8Array): Transaction {
  const reader = new Reader(raw);
  const type = reader.isList() ? 0 : reader.byte();
  if (type > 4) throw new Error(`unknown transaction type ${type}`);
  const outerEnd = reader.enterList();
  const start = reader.position;
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
  const maxFeePerBlobGas = type === 3 ? reader.bigint(wide) : undefined;
  const blobVersionedHashes = type === 3 ? listOf(reader, (item) => item.fixed(32)) : undefined;
  const authorizationList = type === 4 ? listOf(reader, readAuthorization) : undefined;
  const signed = raw.subarray(start, reader.position);
  const v = reader.bigint(wide);
  const r = reader.bigint(wide);
  const s = reader.bigint(wide);
  reader.leave(outerEnd);
  if (!reader.done) throw new Error(`${raw.length - reader.position} bytes after the transaction`);
  const protectedBy = type === 0 && v >= 35n ? (v - 35n) / 2n : undefined;
  return {
    raw,
    type,
    signed,
    chainId: chainId ?? protectedBy,
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
    yParity: type > 0 ? Number(v) : Number(protectedBy === undefined ? v - 27n : (v - 35n) % 2n),
  };
}

function listOf<T>(reader: Reader, read: (reader: Reader) => T): T[] {
  const end = reader.enterList();
  const items: T[] = [];
  while (!reader.done) items.push(read(reader));
  reader.leave(end);
  return items;
}

function readAccess(reader: Reader): Access {
  const end = reader.enterList();
  const address = reader.fixed(20);
  const storageKeys = listOf(reader, (item) => item.fixed(32));
  reader.leave(end);
  return { address, storageKeys };
}

function readAuthorization(reader: Reader): Authorization {
  const end = reader.enterList();
  const authorization = {
    chainId: reader.bigint(wide),
    address: reader.fixed(20),
    nonce: reader.bigint(long),
    yParity: reader.bigint(wide),
    r: reader.bigint(wide),
    s: reader.bigint(wide),
  };
  reader.leave(end);
  return authorization;
}

/**
 * The signed content: the fields in a list, after the type; of a legacy transaction the chain id and two zeros as well.
 */
function signingForm({ type, signed, chainId }: Transaction): Uint8Array {
  const writer = new Writer(signed.length + 48);
  if (type === 0 && chainId !== undefined) {
    writer.uint(0);
    writer.uint(0);
    writer.bigint(chainId);
  }
  writer.copy(signed);
  writer.wrapList(0);
  if (type > 0) writer.byte(type);
  return writer.finish();
}

const noSender: Uint8Array = new Uint8Array(20);

/**
 * The account that signed a transaction, 20 bytes; zeros when its signature is not one. Without execution a block's
 * signatures are not checked before it is stored.
 */
export function senderOf(transaction: Transaction, crypto: Crypto): Uint8Array {
  const { r, s, yParity } = transaction;
  if (yParity !== 0 && yParity !== 1) return noSender;
  const signature = new Uint8Array(65);
  signature.set(wordOf(r));
  signature.set(wordOf(s), 32);
  signature[64] = yParity;
  const signingHash = crypto.keccak256(signingForm(transaction));
  try {
    return crypto.keccak256(crypto.secp256k1.recover(signature, signingHash)).subarray(12);
  } catch {
    return noSender;
  }
}

function wordOf(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}

/** Address of the contract that a transaction creates, 20 bytes. */
export function contractAddress(sender: Uint8Array, nonce: bigint, crypto: Crypto): Uint8Array {
  const writer = new Writer(32);
  writer.bigint(nonce);
  writer.string(sender);
  writer.wrapList(0);
  return crypto.keccak256(writer.finish()).subarray(12);
}

/** The price of a unit of gas in a block, in wei (EIP-1559). */
export function effectiveGasPrice(transaction: Transaction, baseFee: bigint | undefined): bigint {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas } = transaction;
  if (gasPrice !== undefined) return gasPrice;
  const cap = maxFeePerGas ?? 0n;
  const wanted = (baseFee ?? 0n) + (maxPriorityFeePerGas ?? 0n);
  return wanted < cap ? wanted : cap;
}

/** A transaction of a block as the `eth` methods show it. */
export function transactionJson(
  transaction: Transaction,
  place: TransactionPlace,
  crypto: Crypto,
): Readonly<Record<string, unknown>> {
  const { type, chainId, to, accessList, maxFeePerBlobGas, blobVersionedHashes } = transaction;
  const { maxFeePerGas, maxPriorityFeePerGas, authorizationList, yParity } = transaction;
  return {
    blockHash: toData(place.blockHash),
    blockNumber: toQuantity(place.blockNumber),
    blockTimestamp: toQuantity(place.blockTimestamp),
    transactionIndex: toQuantity(place.index),
    hash: toData(transactionHash(transaction.raw, crypto)),
    type: toQuantity(type),
    ...(chainId !== undefined && { chainId: toQuantity(chainId) }),
    nonce: toQuantity(transaction.nonce),
    from: toData(senderOf(transaction, crypto)),
    to: to === undefined ? null : toData(to),
    value: toQuantity(transaction.value),
    input: toData(transaction.input),
    gas: toQuantity(transaction.gas),
    gasPrice: toQuantity(effectiveGasPrice(transaction, place.baseFee)),
    ...(maxFeePerGas !== undefined && { maxFeePerGas: toQuantity(maxFeePerGas) }),
    ...(maxPriorityFeePerGas !== undefined && {
      maxPriorityFeePerGas: toQuantity(maxPriorityFeePerGas),
    }),
    ...(maxFeePerBlobGas !== undefined && { maxFeePerBlobGas: toQuantity(maxFeePerBlobGas) }),
    ...(blobVersionedHashes && { blobVersionedHashes: blobVersionedHashes.map(toData) }),
    ...(accessList && { accessList: accessList.map(accessJson) }),
    ...(authorizationList && { authorizationList: authorizationList.map(authorizationJson) }),
    v: toQuantity(transaction.v),
    ...(type > 0 && { yParity: toQuantity(yParity) }),
    r: toQuantity(transaction.r),
    s: toQuantity(transaction.s),
  };
}

function accessJson({ address, storageKeys }: Access): object {
  return { address: toData(address), storageKeys: storageKeys.map(toData) };
}

function authorizationJson({ address, ...numbers }: Authorization): object {
  return {
    address: toData(address),
    chainId: toQuantity(numbers.chainId),
    nonce: toQuantity(numbers.nonce),
    yParity: toQuantity(numbers.yParity),
    r: toQuantity(numbers.r),
    s: toQuantity(numbers.s),
  };
}
