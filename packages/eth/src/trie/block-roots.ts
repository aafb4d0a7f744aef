import { equalBytes } from '@devp2p/bytes';
import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import type { Body } from '../types/body.ts';
import type { Header } from '../types/header.ts';
import type { RawList } from '../types/raw-list.ts';
import { consensusReceipts } from '../wire/receipt-encoding.ts';
import { type Hasher, listRoot, StackTrie } from './stack-trie.ts';

/**
 * Whether a body belongs to a header: its transactions root, uncles hash and withdrawals root are those of the header.
 *
 * @example
 * const verify = (body, index) => bodyMatches(headers[index], body);
 * const bodies = await peer.eth.getBodies(headers.map(({ hash }) => hash), { verify });
 */
export function bodyMatches(header: Header, body: Body, crypto: Hasher = nobleCrypto): boolean {
  const trie = new StackTrie(crypto);
  const { transactionsRoot, unclesHash, withdrawalsRoot } = header;
  if (!equalBytes(unclesHash, crypto.keccak256(body.uncles.raw))) return false;
  if (withdrawalsRoot === undefined || body.withdrawals === undefined) {
    if (withdrawalsRoot !== body.withdrawals) return false;
  } else if (!equalBytes(withdrawalsRoot, listRoot(trie, body.withdrawals))) return false;
  return equalBytes(transactionsRoot, listRoot(trie, body.transactions));
}

/**
 * Whether the receipts of a block belong to its header: the receipts root and the bloom of their logs are those of the
 * header.
 *
 * @param receipts in the form of {@link receiptCodec}, as {@link EthPeer.getReceipts} returns them
 * @throws RlpError when a receipt is malformed
 */
export function receiptsMatch(header: Header, receipts: RawList, crypto: Crypto = nobleCrypto): boolean {
  const { receipts: values, bloom } = consensusReceipts(receipts, crypto);
  return (
    equalBytes(header.logsBloom, bloom) && equalBytes(header.receiptsRoot, listRoot(new StackTrie(crypto), values))
  );
}
