import type { Crypto } from '@devp2p/crypto';
import { decodeBody, recoverSender } from '@devp2p/eth';
import { RlpError } from '@devp2p/rlp';

const addressLength = 20;

/**
 * Recovers the senders of the transactions of a block.
 *
 * @param body RLP of a valid body
 * @returns 20 bytes for each transaction, in order; zeros for an invalid one, of which the execution finds the fault
 */
export function recoverSenders(body: Uint8Array, crypto: Crypto): Uint8Array<ArrayBuffer> {
  const { transactions } = decodeBody(body);
  const senders = new Uint8Array(transactions.length * addressLength);
  for (const [i, transaction] of [...transactions].entries()) {
    const sender = senderOf(transaction, crypto);
    if (sender !== undefined) senders.set(sender, i * addressLength);
  }
  return senders;
}

function senderOf(transaction: Uint8Array, crypto: Crypto): Uint8Array | undefined {
  try {
    return recoverSender(transaction, crypto);
  } catch (error) {
    if (error instanceof RlpError) return undefined;
    throw error;
  }
}
