import { createHash } from 'node:crypto';
import type { Crypto } from '@devp2p/crypto';
import { decodeBody, listRoot, StackTrie, sealHeader, withdrawalCodec } from '@devp2p/eth';
import { bytes, encode, list, Reader, raw } from '@devp2p/rlp';
import type { NewBlock } from '../chain/interfaces.ts';
import { emptyListHash } from '../validation/empty-roots.ts';
import type { ExecutionPayload } from './params.ts';

/** Fields of a block's header that are not in its payload. */
export interface PayloadContext {
  readonly parentBeaconBlockRoot?: Uint8Array | undefined;
  /** `request_type ‖ request_data` of each, in ascending order of type (EIP-7685). */
  readonly executionRequests?: readonly Uint8Array[] | undefined;
}

/**
 * The block of a payload, with its hash computed.
 *
 * @throws RlpError, RangeError for malformed transactions
 */
export function blockOf(
  payload: ExecutionPayload,
  { parentBeaconBlockRoot, executionRequests }: PayloadContext,
  crypto: Crypto,
): NewBlock {
  const { withdrawals, blockAccessList, slotNumber, blobGasUsed, excessBlobGas } = payload;
  const body = decodeBody(bodyRlp(payload));
  const trie = new StackTrie(crypto);
  const header = sealHeader(
    {
      parentHash: payload.parentHash,
      unclesHash: emptyListHash,
      beneficiary: payload.feeRecipient,
      stateRoot: payload.stateRoot,
      transactionsRoot: listRoot(trie, payload.transactions),
      receiptsRoot: payload.receiptsRoot,
      logsBloom: payload.logsBloom,
      difficulty: 0n,
      number: payload.blockNumber,
      gasLimit: payload.gasLimit,
      gasUsed: payload.gasUsed,
      timestamp: payload.timestamp,
      extraData: payload.extraData,
      mixHash: payload.prevRandao,
      nonce: new Uint8Array(8),
      baseFeePerGas: payload.baseFeePerGas,
      ...(withdrawals && body.withdrawals && { withdrawalsRoot: listRoot(trie, body.withdrawals) }),
      ...(blobGasUsed !== undefined && { blobGasUsed }),
      ...(excessBlobGas !== undefined && { excessBlobGas }),
      ...(parentBeaconBlockRoot && { parentBeaconBlockRoot }),
      ...(executionRequests && { requestsHash: requestsHash(executionRequests) }),
      ...(blockAccessList && { blockAccessListHash: crypto.keccak256(blockAccessList) }),
      ...(slotNumber !== undefined && { slotNumber }),
    },
    crypto,
  );
  return { header, body, accessList: blockAccessList };
}

function bodyRlp({ transactions, withdrawals }: ExecutionPayload): Uint8Array {
  // In a body, typed transactions are strings and legacy transactions are lists (EIP-2718).
  const items = transactions.map((one) => ((one[0] ?? 0) < 0xc0 ? encode(bytes(), one) : one));
  const parts = [encode(list(raw), items), encode(list(raw), [])];
  if (withdrawals) parts.push(encode(list(withdrawalCodec), [...withdrawals]));
  return encode(list(raw), parts);
}

/** SHA-256 over the hashes of all requests (EIP-7685). */
function requestsHash(requests: readonly Uint8Array[]): Uint8Array {
  const all = createHash('sha256');
  for (const request of requests) all.update(createHash('sha256').update(request).digest());
  return new Uint8Array(all.digest());
}

const blobType = 3;
/** Fields of a blob transaction before its hashes (EIP-4844). */
const fieldsBeforeHashes = 10;

/**
 * The versioned hashes of all blobs of some transactions, in their order.
 *
 * @throws RlpError
 */
export function versionedHashes(transactions: readonly Uint8Array[]): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (const transaction of transactions) {
    if (transaction[0] !== blobType) continue;
    const reader = new Reader(transaction);
    reader.byte();
    reader.enterList();
    for (let i = 0; i < fieldsBeforeHashes; i++) reader.skip();
    const end = reader.enterList();
    while (!reader.done) hashes.push(reader.fixed(32));
    reader.leave(end);
  }
  return hashes;
}
