import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import {
  type BlobSidecar,
  type DecodedPooledTransaction,
  decodePooledTransaction,
  hasSidecar,
  maxSignatureS,
  recoverAuthority,
  recoverSender,
  type Transaction,
  transactionHash,
} from '@devp2p/eth';
import { RlpError } from '@devp2p/rlp';
import { TransactionError, type TransactionErrorCode } from '../errors/transaction-error.ts';
import { intrinsicGas } from '../execution/block/intrinsic-gas.ts';
import { decodeTransaction } from '../validation/decode-transaction.ts';
import { gasPerBlob } from '../validation/fees.ts';
import { checkTransaction, maxTransactionGas } from '../validation/transaction.ts';
import { checkSidecarForm } from './blob/sidecar-form.ts';
import type { PoolErrorCode } from './interfaces.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { NextRules } from './rules.ts';

/** Longest transaction in bytes (go-ethereum, `txMaxSize`), and longest one with its blobs (`txMaxSize` of the blob pool). */
const maxPlainSize: number = 128 * 1024;
const maxBlobSize: number = 1024 * 1024;

const blobType = 3;
const setCodeType = 4;
const maxNonce = 2n ** 64n - 1n;

/** A transaction that has passed the checks without state, before the recovery of its sender. */
export interface CheckedTransaction {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** Hex of the hash. */
  readonly key: string;
  readonly transaction: Transaction;
  /** Of a blob transaction: views of the bytes that were checked. */
  readonly sidecar: BlobSidecar | undefined;
  readonly feeCap: bigint;
  readonly tipCap: bigint;
  /** The most that it takes from its sender, in wei. */
  readonly cost: bigint;
}

/** What the checks depend on, beside the transaction. */
export interface AdmissionContext {
  readonly next: NextRules;
  /** In wei. */
  readonly minTip: bigint;
  readonly crypto: Crypto;
  /** Whether a transaction is in the pool, by hex of its hash. */
  readonly isKnown: (key: string) => boolean;
  /** Whether the pool takes transactions of a type. */
  readonly takes: (type: number) => boolean;
  /** Whether it must have replay protection (EIP-155). */
  readonly isLocal: boolean;
}

/** Result of {@link checkStateless}. */
export type Admission =
  | { readonly checked: CheckedTransaction; readonly hash: Uint8Array }
  | { readonly refused: Refusal; readonly hash: Uint8Array | undefined };

/**
 * Checks a transaction by all rules that need neither state nor sender, the cheap ones first (TP-01).
 *
 * @param given in the form of the network; its bytes are viewed, not copied
 */
export function checkStateless(given: Uint8Array, context: AdmissionContext): Admission {
  const { crypto, isKnown } = context;
  let hash: Uint8Array | undefined;
  try {
    const isBlob = given[0] === blobType;
    const most = isBlob ? maxBlobSize : maxPlainSize;
    // Nothing longer is in the pool, so that its hash need not be known.
    if (given.length > most) {
      return { refused: refusal('size', `oversized data: transaction size ${given.length}, limit ${most}`), hash };
    }
    hash = transactionHash(given, crypto);
    const key = toHex(hash);
    if (isKnown(key)) return { refused: refusal('known', 'already known'), hash };
    const { transaction, sidecar } = decodeGiven(given, isBlob);
    // The sidecar comes before the prices: a false one costs the connection also when the rest is merely refused (TP-26).
    const refused =
      checkTaken(transaction, context) ??
      checkSidecar(transaction, sidecar, context) ??
      checkFields(transaction, context);
    if (refused !== undefined) return { refused, hash };
    return { checked: { hash, key, transaction, sidecar, ...pricesOf(transaction) }, hash };
  } catch (error) {
    return { refused: refusalOf(error), hash };
  }
}

function decodeGiven(given: Uint8Array, isBlob: boolean): DecodedPooledTransaction {
  // Without a sidecar it has a reason of its own.
  return isBlob && hasSidecar(given) ? decodePooledTransaction(given) : { transaction: decodeTransaction(given) };
}

/**
 * Judges a transaction again by the rules of another fork (TP-16).
 *
 * @param raw in canonical form
 * @param sender 20 bytes
 */
export function checkAgain(raw: Uint8Array, sender: Uint8Array, next: NextRules): PoolErrorCode | undefined {
  try {
    const transaction = decodeTransaction(raw);
    const refused = checkType(transaction, next);
    if (refused !== undefined) return refused.code;
    checkTransaction(raw, next.limits);
    return checkIntrinsicGas(transaction, sender, next)?.code;
  } catch (error) {
    return refusalOf(error).code;
  }
}

/**
 * Recovers the sender of a checked transaction, and finishes the checks that need it.
 *
 * @returns hex of the address, or the reason of the refusal
 */
export function recover({ transaction }: CheckedTransaction, next: NextRules, crypto: Crypto): string | Refusal {
  const sender = recoverSender(transaction.raw, crypto);
  if (sender === undefined) return refusal('signature', 'invalid sender: the signature is invalid');
  const refused = next.rules.amsterdam ? checkIntrinsicGas(transaction, sender, next) : undefined;
  return refused ?? toHex(sender);
}

/** Hex of the accounts that a transaction delegates, each once; those without a valid signature are left out. */
export function* recoverAuthorities({ authorizationList }: Transaction, crypto: Crypto): Generator<string> {
  for (const authorization of authorizationList ?? []) {
    const authority = recoverAuthority(authorization, crypto);
    if (authority !== undefined) yield toHex(authority);
  }
}

function checkTaken(transaction: Transaction, { next, takes }: AdmissionContext): Refusal | undefined {
  const { type } = transaction;
  const refused = checkType(transaction, next);
  if (refused !== undefined || takes(type)) return refused;
  return refusal('type', `transaction type not supported: type ${type} by this pool`);
}

function checkFields(transaction: Transaction, { next, minTip, isLocal }: AdmissionContext): Refusal | undefined {
  const { type, nonce, chainId, s, raw, to, authorizationList, maxFeePerBlobGas } = transaction;
  if (type === setCodeType && authorizationList?.length === 0) {
    return refusal('authorizations', 'set code tx must have at least one authorization tuple');
  }
  checkTransaction(raw, next.limits);
  const { feeCap, tipCap } = pricesOf(transaction);
  if (tipCap > feeCap) {
    const values = `maxPriorityFeePerGas: ${tipCap}, maxFeePerGas: ${feeCap}`;
    return refusal('priority-fee', `max priority fee per gas higher than max fee per gas: ${values}`);
  }
  if (chainId !== undefined && chainId !== next.chainId) {
    return refusal('chain-id', `invalid sender: invalid chain id for signer: have ${chainId} want ${next.chainId}`);
  }
  if (chainId === undefined && isLocal) {
    return refusal('unprotected', 'only replay-protected (EIP-155) transactions allowed over RPC');
  }
  if (s > maxSignatureS) return refusal('signature', 'invalid sender: s of the signature is too high');
  if (nonce >= maxNonce) return refusal('transaction-nonce', 'nonce has max value');
  // From Amsterdam on the gas depends on the sender: the least is that of a transfer to itself.
  const tooLittle = checkIntrinsicGas(transaction, to ?? noAddress, next);
  if (tooLittle !== undefined) return tooLittle;
  if (tipCap < minTip) {
    return refusal('underpriced', `transaction underpriced: gas tip cap ${tipCap}, minimum needed ${minTip}`);
  }
  if (maxFeePerBlobGas === 0n) {
    return refusal('underpriced', 'transaction underpriced: blob fee cap 0, minimum needed 1');
  }
  return undefined;
}

function checkSidecar(
  { blobVersionedHashes }: Transaction,
  sidecar: BlobSidecar | undefined,
  { next, isLocal }: AdmissionContext,
): Refusal | undefined {
  if (blobVersionedHashes === undefined) return undefined;
  if (sidecar === undefined) return refusal('sidecar', 'missing sidecar in blob transaction');
  return checkSidecarForm(sidecar, blobVersionedHashes, next.sidecarVersion, isLocal);
}

function checkType({ type }: Transaction, { limits }: NextRules): Refusal | undefined {
  if (limits.types[type]) return undefined;
  return refusal('type', `transaction type not supported: type ${type} is not valid in the next block`);
}

function checkIntrinsicGas(transaction: Transaction, sender: Uint8Array, { rules }: NextRules): Refusal | undefined {
  const { gas, floor } = intrinsicGas(transaction, sender, rules);
  const least = Math.max(gas, floor);
  if (transaction.gas < least) {
    const rule = floor > gas ? 'insufficient gas for floor data gas cost' : 'intrinsic gas too low';
    return refusal('intrinsic-gas', `${rule}: gas ${transaction.gas}, minimum needed ${least}`);
  }
  if (rules.amsterdam && least > maxTransactionGas) {
    return refusal('intrinsic-gas', `intrinsic gas too high: ${least}, limit ${maxTransactionGas}`);
  }
  return undefined;
}

/** Prices and cost of a transaction. */
export function pricesOf(transaction: Transaction): { feeCap: bigint; tipCap: bigint; cost: bigint } {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas, gas, value } = transaction;
  const feeCap = maxFeePerGas ?? gasPrice ?? 0n;
  const blobGas = BigInt((transaction.blobVersionedHashes?.length ?? 0) * gasPerBlob);
  const cost = gas * feeCap + value + (blobGas === 0n ? 0n : blobGas * (transaction.maxFeePerBlobGas ?? 0n));
  return { feeCap, tipCap: maxPriorityFeePerGas ?? feeCap, cost };
}

const noAddress = new Uint8Array(20);

/** The words that go-ethereum uses for a rule, where those of the error differ: wallets search for them. */
const usualWords: Readonly<Partial<Record<TransactionErrorCode, string>>> = {
  'gas-cap': 'transaction gas limit too high',
  'block-gas': 'exceeds block gas limit',
  'init-code': 'max initcode size exceeded',
  'intrinsic-gas': 'intrinsic gas too low',
};

function refusalOf(error: unknown): Refusal {
  if (error instanceof TransactionError) {
    const words = usualWords[error.code];
    return refusal(error.code, words === undefined ? error.message : `${words}: ${error.message}`);
  }
  if (error instanceof RlpError) return refusal('transaction', `malformed transaction: ${error.message}`);
  throw error;
}
