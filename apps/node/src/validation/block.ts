import { equalBytes, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import {
  type Body,
  consensusReceipts,
  type Header,
  listRoot,
  type RawList,
  type SealedBody,
  type SealedHeader,
  StackTrie,
} from '@devp2p/eth';
import { Reader } from '@devp2p/rlp';
import { BlockError, type BlockErrorCode } from '../errors/chain-error.ts';
import { TransactionError } from '../errors/transaction-error.ts';
import type { ChainConfig } from './chain-config.ts';
import { emptyRequestsHash } from './empty-roots.ts';
import { gasPerBlob } from './fees.ts';
import { checkTransaction, transactionLimits } from './transaction.ts';

/** Maximum size of a block as RLP, in bytes (EIP-7934). */
export const maxBlockSize = 8_388_608;
const maxUncles = 2;

/** Checks of blocks against their headers. Buffers are reused from one block to the next. */
export interface BlockRules {
  /**
   * Checks a body by the rules that need neither state nor other blocks: the three roots, the number of uncles, the
   * size of the block and {@link checkTransaction}. A valid body is not checked again with the same header.
   *
   * @throws BlockError
   */
  checkBody(header: SealedHeader, body: SealedBody): void;
  /**
   * Checks the receipts of a block: the root over receipts with computed blooms, the bloom of the header, the gas and,
   * as far as possible without execution, the requests hash. Withdrawal and consolidation requests depend on the storage
   * of contracts, so only the hash of an empty list is checked, against the deposits in the logs. Valid receipts are not
   * checked again with the same header.
   *
   * @param receipts elements in the form of `receiptCodec`
   * @throws BlockError
   */
  checkReceipts(header: SealedHeader, receipts: RawList): void;
  /**
   * Checks a block access list (EIP-7928), an RLP list, against the hash in the header. Checking its contents needs
   * execution.
   *
   * @throws BlockError
   */
  checkAccessList(header: SealedHeader, accessList: Uint8Array): void;
}

/** Creates the rules of a chain. */
export function createBlockRules(config: ChainConfig, crypto: Crypto): BlockRules {
  const trie = new StackTrie(crypto);
  const passed = new WeakMap<object, Uint8Array>();

  const once = (header: SealedHeader, part: object, check: () => void): void => {
    const before = passed.get(part);
    if (before !== undefined && equalBytes(before, header.hash)) return;
    check();
    passed.set(part, header.hash);
  };

  const root = (values: RawList | readonly Uint8Array[], header: Header, what: string) => {
    try {
      return listRoot(trie, values);
    } catch (cause) {
      throw new BlockError('malformed', header.number, `an empty item among the ${what}`, {
        cause,
      });
    }
  };

  const checkRoots = (header: SealedHeader, body: Body): void => {
    const transactions = root(body.transactions, header, 'transactions');
    expect(header, 'transactions-root', 'transactions root', header.transactionsRoot, transactions);
    const uncles = crypto.keccak256(body.uncles.raw);
    expect(header, 'uncles-hash', 'uncles hash', header.unclesHash, uncles);
    if (header.withdrawalsRoot === undefined) {
      if (body.withdrawals === undefined) return;
      fail('withdrawals-root', header, 'withdrawals in the body, but no root in the header');
    }
    if (body.withdrawals === undefined) fail('withdrawals-root', header, 'no withdrawals in the body');
    const withdrawals = root(body.withdrawals, header, 'withdrawals');
    expect(header, 'withdrawals-root', 'withdrawals root', header.withdrawalsRoot, withdrawals);
  };

  return {
    checkBody(header, body) {
      once(header, body, () => {
        checkRoots(header, body);
        checkSize(header, body, config);
        checkTransactions(header, body, config);
        if (body.uncles.length > maxUncles) {
          fail('uncles', header, `${body.uncles.length} uncles, more than ${maxUncles}`);
        }
      });
    },
    checkReceipts(header, receipts) {
      once(header, receipts, () => {
        const { receipts: values, bloom } = consensusForm(header, receipts, crypto);
        const actual = root(values, header, 'receipts');
        expect(header, 'receipts-root', 'receipts root', header.receiptsRoot, actual);
        if (!equalBytes(bloom, header.logsBloom)) {
          fail('bloom', header, 'logs bloom is not the one of its receipts');
        }
        checkOutcomes(header, receipts, config);
        checkRequests(header, receipts, config);
      });
    },
    checkAccessList(header, accessList) {
      const { blockAccessListHash: hash } = header;
      if (hash === undefined) {
        fail('access-list', header, 'it has a block access list, but its header has no hash of one');
      }
      const actual = crypto.keccak256(accessList);
      expect(header, 'access-list', 'block access list hash', hash, actual);
    },
  };
}

function fail(code: BlockErrorCode, header: Header, reason: string, cause?: unknown): never {
  throw new BlockError(code, header.number, reason, cause === undefined ? {} : { cause });
}

function expect(header: Header, code: BlockErrorCode, what: string, given: Uint8Array, actual: Uint8Array): void {
  if (equalBytes(given, actual)) return;
  fail(code, header, `${what} is 0x${toHex(given)}, that of its content 0x${toHex(actual)}`);
}

function checkSize(header: SealedHeader, body: SealedBody, { forks }: ChainConfig): void {
  if (header.number < forks.london || header.timestamp < forks.osaka) return;
  const size = blockSize(header.raw, body.raw);
  if (size > maxBlockSize) {
    fail('block-size', header, `${size} bytes as RLP, more than ${maxBlockSize}`);
  }
}

/** Length of the list of header, transactions, uncles and withdrawals. */
function blockSize(header: Uint8Array, body: Uint8Array): number {
  const content = header.length + new Reader(body).listHeader();
  const prefix = content < 56 ? 1 : 1 + Math.ceil((32 - Math.clz32(content)) / 8);
  return prefix + content;
}

function checkTransactions(header: Header, { transactions }: Body, config: ChainConfig): void {
  const limits = transactionLimits(config, header);
  let blobs = 0;
  for (let i = 0; i < transactions.length; i++) {
    try {
      blobs += checkTransaction(transactions.at(i), limits);
    } catch (cause) {
      const code = cause instanceof TransactionError ? cause.code : 'transaction';
      fail(code, header, `transaction ${i}: ${(cause as Error).message}`, cause);
    }
  }
  if (blobs * gasPerBlob !== (header.blobGasUsed ?? 0)) {
    fail('blob-gas', header, `blob gas used is ${header.blobGasUsed ?? 0}, but it has ${blobs} blobs`);
  }
}

function consensusForm(header: Header, receipts: RawList, crypto: Crypto) {
  try {
    return consensusReceipts(receipts, crypto);
  } catch (cause) {
    return fail('malformed', header, `receipts: ${(cause as Error).message}`, cause);
  }
}

/** Checks that outcomes have the form of the block's fork, and that gas increases up to the value in the header. */
function checkOutcomes(header: Header, receipts: RawList, { forks }: ChainConfig): void {
  const byzantium = header.number >= forks.byzantium;
  let gas = 0;
  for (let i = 0; i < receipts.length; i++) {
    const reader = new Reader(receipts.at(i));
    reader.enterList();
    reader.skip();
    const outcome = reader.stringHeader();
    reader.position += outcome;
    if ((outcome === 32) === byzantium) {
      fail('receipts', header, `receipt ${i} has ${byzantium ? 'a state root' : 'a status'}`);
    }
    const cumulative = reader.uint(Number.MAX_SAFE_INTEGER);
    if (cumulative <= gas) fail('receipts', header, `cumulative gas does not rise in receipt ${i}`);
    gas = cumulative;
  }
  // From Amsterdam on the gas of a block has two dimensions and no refunds (EIP-8037, EIP-7778).
  if (header.number >= forks.london && header.timestamp >= forks.amsterdam) return;
  if (gas !== header.gasUsed) {
    fail('gas-used', header, `gas used is ${header.gasUsed}, by its receipts ${gas}`);
  }
}

/** keccak-256 of `DepositEvent(bytes,bytes,bytes,bytes,bytes)`. */
const depositTopic = '649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5';

function checkRequests(header: Header, receipts: RawList, config: ChainConfig): void {
  const { requestsHash } = header;
  if (requestsHash === undefined || !equalBytes(requestsHash, emptyRequestsHash)) return;
  for (let i = 0; i < receipts.length; i++) {
    if (hasDeposit(receipts.at(i), config.depositContract)) {
      fail('requests-hash', header, `requests hash is that of none, but receipt ${i} has a deposit`);
    }
  }
}

function hasDeposit(receipt: Uint8Array, contract: Uint8Array): boolean {
  const reader = new Reader(receipt);
  reader.enterList();
  for (let i = 0; i < 3; i++) reader.skip();
  const end = reader.enterList();
  while (!reader.done) {
    const logEnd = reader.enterList();
    const address = reader.string();
    const topicsEnd = reader.enterList();
    if (!reader.done && equalBytes(address, contract) && toHex(reader.string()) === depositTopic) {
      return true;
    }
    while (!reader.done) reader.skip();
    reader.leave(topicsEnd);
    reader.skip();
    reader.leave(logEnd);
  }
  reader.leave(end);
  return false;
}
