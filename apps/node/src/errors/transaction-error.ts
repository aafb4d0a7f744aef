/** The rule that a transaction breaks. A block with such a transaction is invalid. */
export type TransactionErrorCode =
  /** It is malformed, or of a type that the block does not allow. */
  | 'transaction'
  /** A blob transaction with its sidecar: the form of the network, not of blocks (EIP-4844). */
  | 'sidecar'
  /** Its signature is not one, or has the higher of the two values of s (EIP-2). */
  | 'signature'
  /** It is signed for another chain (EIP-155). */
  | 'chain-id'
  /** Its nonce is not that of the sender, or the sender's nonce cannot be increased (EIP-2681). */
  | 'transaction-nonce'
  /** The sender is a contract (EIP-3607). */
  | 'sender-code'
  /** The sender cannot pay for gas, blobs and value. */
  | 'balance'
  /** Its gas limit is above the limit for a transaction (EIP-7825, EIP-8037). */
  | 'gas-cap'
  /** Its gas limit is below the gas that it costs without execution (Yellow Paper, EIP-7623). */
  | 'intrinsic-gas'
  /** Its gas limit is above the gas that is left in the block. */
  | 'block-gas'
  /** Its maximum fee is below the base fee of the block (EIP-1559). */
  | 'fee-cap'
  /** Its maximum priority fee is above its maximum fee (EIP-1559). */
  | 'priority-fee'
  /** Its maximum fee for blob gas is below the price of blob gas (EIP-4844). */
  | 'blob-fee'
  /** Number or versions of its blobs (EIP-4844, EIP-7594). */
  | 'blobs'
  /** The init code of a contract creation is too long (EIP-3860, EIP-7954). */
  | 'init-code';

/** A transaction that cannot be executed. The message names the values and the rule. */
export class TransactionError extends Error {
  override readonly name = 'TransactionError';
  readonly code: TransactionErrorCode;

  constructor(code: TransactionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** For `JSON.stringify` and logs, which omit the message of an Error. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
