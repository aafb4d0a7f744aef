import { concatBytes } from '@devp2p/bytes';
import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import { array, bytes, integer as integerRule, type Rule, type Rules, required, uint } from '@devp2p/options';
import { encode, type Tree, tree } from '@devp2p/rlp';
import { checkOption } from '../check.ts';

/** Fields of a transaction of any type. All amounts are in wei. */
interface TransactionBase {
  readonly chainId: bigint;
  /** Number of transactions that the sender has sent before. */
  readonly nonce: bigint;
  /** Gas limit. */
  readonly gas: bigint;
  /** Recipient, 20 bytes. @default absent: a contract is created */
  readonly to?: Uint8Array | undefined;
  /** @default 0n */
  readonly value?: bigint | undefined;
  /** Calldata, or the init code of a contract. @default empty */
  readonly input?: Uint8Array | undefined;
}

/** An account and slots that the transaction accesses (EIP-2930). */
export interface AccessListItem {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes each. */
  readonly storageKeys: readonly Uint8Array[];
}

/** Type 0, with replay protection (EIP-155). */
export interface LegacyTransaction extends TransactionBase {
  readonly type: 0;
  readonly gasPrice: bigint;
}

/** Type 1 (EIP-2930). */
export interface AccessListTransaction extends TransactionBase {
  readonly type: 1;
  readonly gasPrice: bigint;
  /** @default empty */
  readonly accessList?: readonly AccessListItem[] | undefined;
}

/** Fields of types 2 to 4. */
interface DynamicFeeBase extends TransactionBase {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  /** @default empty */
  readonly accessList?: readonly AccessListItem[] | undefined;
}

/** Type 2 (EIP-1559). */
export interface DynamicFeeTransaction extends DynamicFeeBase {
  /** @default 2 */
  readonly type?: 2 | undefined;
}

/** Type 3 (EIP-4844), without its blobs. */
export interface BlobTransaction extends DynamicFeeBase {
  readonly type: 3;
  readonly to: Uint8Array;
  readonly maxFeePerBlobGas: bigint;
  /** Versioned hashes of the blobs, 32 bytes each. */
  readonly blobVersionedHashes: readonly Uint8Array[];
}

/** Type 4 (EIP-7702). */
export interface SetCodeTransaction extends DynamicFeeBase {
  readonly type: 4;
  readonly to: Uint8Array;
  /** See {@link signAuthorization}. */
  readonly authorizationList: readonly SignedAuthorization[];
}

/** A transaction to sign. */
export type UnsignedTransaction =
  | LegacyTransaction
  | AccessListTransaction
  | DynamicFeeTransaction
  | BlobTransaction
  | SetCodeTransaction;

/** The delegation of an account to the code of another one (EIP-7702). */
export interface UnsignedAuthorization {
  /** 0n for all chains. */
  readonly chainId: bigint;
  /** Account with the code, 20 bytes. */
  readonly address: Uint8Array;
  /** Nonce of the signing account. */
  readonly nonce: bigint;
}

/** @see signAuthorization */
export interface SignedAuthorization extends UnsignedAuthorization {
  /** 0 or 1. */
  readonly yParity: number;
  readonly r: bigint;
  readonly s: bigint;
}

/** EIP-7702's MAGIC, the first byte of a signed authorization. */
const authorizationMagic = 5;

const wide = uint(256);
const long = uint(64);
const base = {
  chainId: required(wide),
  nonce: required(long),
  gas: required(long),
  to: bytes(20),
  value: wide,
  input: bytes(),
} satisfies Rules<TransactionBase>;
const dynamicFee = {
  ...base,
  maxFeePerGas: required(wide),
  maxPriorityFeePerGas: required(wide),
  accessList: array,
} satisfies Rules<DynamicFeeBase>;
const recipient = required(bytes(20));
const rules: readonly Readonly<Record<string, Rule>>[] = [
  { ...base, type: required(integerRule(0, 0)), gasPrice: required(wide) },
  { ...base, type: required(integerRule(1, 1)), gasPrice: required(wide), accessList: array },
  { ...dynamicFee, type: integerRule(2, 2) },
  {
    ...dynamicFee,
    type: required(integerRule(3, 3)),
    to: recipient,
    maxFeePerBlobGas: required(wide),
    blobVersionedHashes: required(array),
  },
  { ...dynamicFee, type: required(integerRule(4, 4)), to: recipient, authorizationList: required(array) },
];
const accessRules: Rules<AccessListItem> = { address: required(bytes(20)), storageKeys: required(array) };
const authorizationRules: Rules<UnsignedAuthorization> = {
  chainId: required(wide),
  address: required(bytes(20)),
  nonce: required(long),
};
const signedRules: Rules<SignedAuthorization> = {
  ...authorizationRules,
  yParity: required(integerRule(0, 1)),
  r: required(wide),
  s: required(wide),
};
const wordRule = bytes(32);
const typeRule = integerRule(0, 4);

/**
 * Signs a transaction.
 *
 * @param privateKey of the sender, 32 bytes
 * @returns the transaction in canonical form: `type ‖ payload`, or a legacy transaction's RLP list
 * @throws EthError `invalid-option` for an invalid field; CryptoError for an invalid key
 */
export function signTransaction(
  transaction: UnsignedTransaction,
  privateKey: Uint8Array,
  crypto: Crypto = nobleCrypto,
): Uint8Array {
  const type = checkTransaction(transaction);
  const fields = fieldsOf(transaction, type);
  const { chainId } = transaction;
  const unsigned = type > 0 ? fields : [...fields, integer(chainId), integer(0n), integer(0n)];
  const { yParity, r, s } = sign(envelope(type, unsigned), privateKey, crypto);
  const v = type > 0 ? BigInt(yParity) : chainId * 2n + 35n + BigInt(yParity);
  return envelope(type, [...fields, integer(v), integer(r), integer(s)]);
}

/**
 * Encodes a transaction with a signature of zeros, in whose place a wallet puts its own.
 *
 * @returns the transaction in canonical form
 * @throws EthError `invalid-option` for an invalid field
 */
export function encodeUnsigned(transaction: UnsignedTransaction): Uint8Array {
  const type = checkTransaction(transaction);
  return envelope(type, [...fieldsOf(transaction, type), ...[0n, 0n, 0n].map(integer)]);
}

/**
 * Signs the delegation of an account to the code of another one, for a {@link SetCodeTransaction}.
 *
 * @param privateKey of the delegating account, 32 bytes
 * @throws EthError `invalid-option` for an invalid field; CryptoError for an invalid key
 */
export function signAuthorization(
  authorization: UnsignedAuthorization,
  privateKey: Uint8Array,
  crypto: Crypto = nobleCrypto,
): SignedAuthorization {
  checkOption.options('signAuthorization', authorization, authorizationRules);
  const { chainId, address, nonce } = authorization;
  const message = envelope(authorizationMagic, [integer(chainId), address, integer(nonce)]);
  return { chainId, address, nonce, ...sign(message, privateKey, crypto) };
}

/**
 * Computes the address of an account from its public key.
 *
 * @param publicKey 64 bytes
 * @returns 20 bytes
 */
export function accountAddress(publicKey: Uint8Array, crypto: Crypto = nobleCrypto): Uint8Array {
  checkOption.value('publicKey', publicKey, bytes(64));
  return crypto.keccak256(publicKey).slice(12);
}

/** @returns the type */
function checkTransaction(transaction: UnsignedTransaction): number {
  const type = transaction?.type ?? 2;
  checkOption.value('type', type, typeRule);
  checkOption.options('signTransaction', transaction as object, rules[type] as Rules<object>);
  if ('accessList' in transaction) {
    for (const [i, item] of (transaction.accessList ?? []).entries()) {
      checkOption.fields(`accessList[${i}]`, item, accessRules);
      checkOption.elements(`accessList[${i}].storageKeys`, item.storageKeys, wordRule);
    }
  }
  if ('blobVersionedHashes' in transaction) {
    checkOption.elements('blobVersionedHashes', transaction.blobVersionedHashes, wordRule);
  }
  if ('authorizationList' in transaction) {
    for (const [i, item] of transaction.authorizationList.entries()) {
      checkOption.fields(`authorizationList[${i}]`, item, signedRules);
    }
  }
  return type;
}

/** The fields before the signature. */
function fieldsOf(transaction: UnsignedTransaction, type: number): Tree[] {
  const { chainId, nonce, gas, to = new Uint8Array(), value = 0n, input = new Uint8Array() } = transaction;
  const first = type === 0 ? [integer(nonce)] : [integer(chainId), integer(nonce)];
  const fees =
    'gasPrice' in transaction
      ? [integer(transaction.gasPrice)]
      : [integer(transaction.maxPriorityFeePerGas), integer(transaction.maxFeePerGas)];
  const fields: Tree[] = [...first, ...fees, integer(gas), to, integer(value), input];
  if (transaction.type === 0) return fields;
  fields.push((transaction.accessList ?? []).map(({ address, storageKeys }) => [address, [...storageKeys]]));
  if (transaction.type === 3) {
    fields.push(integer(transaction.maxFeePerBlobGas), [...transaction.blobVersionedHashes]);
  }
  if (transaction.type === 4) {
    fields.push(
      transaction.authorizationList.map(({ chainId, address, nonce, yParity, r, s }) => [
        integer(chainId),
        address,
        ...[nonce, BigInt(yParity), r, s].map(integer),
      ]),
    );
  }
  return fields;
}

function envelope(type: number, fields: Tree[]): Uint8Array {
  const payload = encode(tree(), fields);
  return type === 0 ? payload : concatBytes(Uint8Array.of(type), payload);
}

function sign(
  message: Uint8Array,
  privateKey: Uint8Array,
  crypto: Crypto,
): Pick<SignedAuthorization, 'yParity' | 'r' | 's'> {
  const signature = crypto.secp256k1.sign(crypto.keccak256(message), privateKey);
  return {
    // r is above the group order, which ids 2 and 3 stand for, once in 2 ** 127 signatures.
    yParity: (signature[64] as number) & 1,
    r: toInteger(signature.subarray(0, 32)),
    s: toInteger(signature.subarray(32, 64)),
  };
}

function toInteger(word: Uint8Array): bigint {
  return word.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** The content of the RLP of an integer. */
function integer(value: bigint): Uint8Array {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 8n) digits.unshift(Number(rest & 0xffn));
  return Uint8Array.from(digits);
}
