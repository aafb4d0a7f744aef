import type { Crypto } from '@devp2p/crypto';
import { recoverSender, type SealedHeader, type Transaction } from '@devp2p/eth';
import { DevError } from '../errors/dev-error.ts';
import { TransactionError } from '../errors/transaction-error.ts';
import type { PendingTransaction } from '../txpool/transaction-source.ts';
import type { ChainConfig } from '../validation/chain-config.ts';
import { decodeTransaction } from '../validation/decode-transaction.ts';
import { gasPerBlob } from '../validation/fees.ts';
import { checkTransaction, transactionLimits } from '../validation/transaction.ts';

/** A transaction that the program has given, without the blobs that it may have. */
export interface GivenTransaction extends PendingTransaction {
  /** The most that it takes from its sender, in wei. */
  readonly cost: bigint;
}

/**
 * Checks a transaction by the rules that need no state.
 *
 * @param given in canonical form
 * @param parent the block before the one that may include it
 * @throws DevError `transaction-refused`
 */
export function checkGiven(
  given: Uint8Array,
  { number, timestamp, gasLimit }: SealedHeader,
  config: ChainConfig,
  crypto: Crypto,
): GivenTransaction {
  try {
    const raw = given.slice();
    const transaction = decodeTransaction(raw);
    const { chainId } = transaction;
    checkTransaction(raw, transactionLimits(config, { number: number + 1, timestamp: timestamp + 1, gasLimit }));
    if (chainId !== undefined && chainId !== config.chainId) {
      throw new TransactionError('chain-id', `chain id ${chainId}, not ${config.chainId}`);
    }
    const sender = recoverSender(raw, crypto);
    if (sender === undefined) throw new TransactionError('signature', 'the signature is invalid');
    return { ...fieldsOf(transaction), hash: crypto.keccak256(raw), raw, sender };
  } catch (cause) {
    if (!(cause instanceof TransactionError)) throw cause;
    throw new DevError('transaction-refused', cause.message, { cause, transaction: cause.code });
  }
}

function fieldsOf(transaction: Transaction): Omit<GivenTransaction, 'hash' | 'raw' | 'sender'> {
  const { nonce, gas, value, gasPrice, maxFeePerGas, maxPriorityFeePerGas } = transaction;
  const { maxFeePerBlobGas = 0n, blobVersionedHashes = [] } = transaction;
  const feeCap = maxFeePerGas ?? gasPrice ?? 0n;
  const count = blobVersionedHashes.length;
  return {
    nonce,
    gas: Number(gas),
    feeCap,
    tipCap: maxPriorityFeePerGas ?? feeCap,
    isLocal: false,
    cost: gas * feeCap + value + BigInt(count * gasPerBlob) * maxFeePerBlobGas,
    // Its blobs are not here, so that each version fits.
    ...(count > 0 && { blobs: { count, feeCap: maxFeePerBlobGas, version: 1 } }),
  };
}
