import { equalBytes, toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { SealedHeader } from '@devp2p/eth';
import { type BadBlock, latestValidHash, proofOfWork } from '../chain/bad-blocks.ts';
import type { ForkChoice } from '../chain/fork-choice.ts';
import type {
  BlockChecker,
  BlockImporter,
  ChainRules,
  ExecutionState,
  HeaderReader,
  NewBlock,
} from '../chain/interfaces.ts';
import { RpcError } from '../rpc/transport/rpc-error.ts';
import { decodeTransaction } from '../validation/decode-transaction.ts';
import { checkAccessListForm } from './access-list.ts';
import { answerWithin } from './answer-within.ts';
import { type AddedField, addedFields, type ExecutionPayload } from './params.ts';
import { blockOf, type PayloadContext, versionedHashes } from './payload.ts';
import type { ScheduleCheck } from './schedule-check.ts';
import { accepted, invalid, type PayloadStatus, syncing, valid } from './status.ts';
import { unsupportedFork, type Version, versionFault } from './versions.ts';

const cancunFields = ['withdrawals', 'blobGasUsed', 'excessBlobGas'] as const;

type PayloadVersion = 'V1' | 'V2' | 'V3' | 'V4' | 'V5';

/** Forks and structures of `engine_newPayload`, by version. */
const versions: Readonly<Record<PayloadVersion, Version<AddedField>>> = {
  V1: { until: 'shanghai', fields: [] },
  V2: { until: 'cancun', fields: { since: 'shanghai', fields: ['withdrawals'] } },
  V3: { from: 'cancun', until: 'prague', fields: cancunFields, surplusLast: true },
  V4: { from: 'prague', until: 'amsterdam', fields: cancunFields },
  V5: { from: 'amsterdam', fields: [...cancunFields, 'blockAccessList', 'slotNumber'] },
};

/** Times after which a call is answered, in ms. Callers give up 1 s later (execution-apis). */
const maxDuration: Readonly<Record<PayloadVersion, number>> = { V1: 7_000, V2: 7_000, V3: 7_000, V4: 7_000, V5: 5_000 };

/** Payloads that wait for their execution, each with all its transactions. A consensus client sends one at a time. */
const maxWaiting = 64;

/** Parameters of `engine_newPayload`. */
interface PayloadParams {
  readonly payload: ExecutionPayload;
  readonly context: PayloadContext;
  /** Absent in versions without them. */
  readonly blobHashes?: readonly Uint8Array[];
}

/** @see createNewPayload */
export interface NewPayloadParts {
  readonly chain: ChainRules &
    Pick<HeaderReader, 'headerByHash'> &
    Pick<BlockChecker, 'check'> &
    Pick<BlockImporter, 'insert'> &
    ExecutionState;
  readonly forkChoice: ForkChoice;
  readonly schedule: ScheduleCheck;
  readonly crypto: Crypto;
  readonly clock: Clock;
}

/**
 * Executes a payload on its parent, or without execution checks it by the rules that need none. Rejects with an
 * `RpcError` for invalid parameters.
 */
export type NewPayload = (version: PayloadVersion, params: PayloadParams) => Promise<PayloadStatus>;

export function createNewPayload({ chain, forkChoice, schedule, crypto, clock }: NewPayloadParts): NewPayload {
  const { config } = chain.genesis;
  /** Checks in progress, by block hash. */
  const running = new Map<string, Promise<PayloadStatus>>();
  let isCaughtUp = false;
  const onCaughtUp = (): void => {
    isCaughtUp = true;
  };
  chain.caughtUp.then(onCaughtUp, onCaughtUp);

  const checkPayload = async (block: NewBlock): Promise<PayloadStatus> => {
    const { hash, parentHash } = block.header;
    const bad = forkChoice.badBlocks.refuse(hash, parentHash);
    if (bad !== undefined) return invalid(bad.reason, bad.latestValidHash);
    const parent = await chain.headerByHash(parentHash);
    if (chain.isExecuting) return execute(block, parent);
    const reason = await chain.check(block);
    if (reason === undefined) {
      forkChoice.keepHeader(block.header);
      return syncing;
    }
    // It is not known whether the parent is valid.
    const isProofOfWork = parent !== undefined && parent.difficulty !== 0n;
    return refuse(block, reason, isProofOfWork ? proofOfWork : null);
  };

  const execute = async (block: NewBlock, parent: SealedHeader | undefined): Promise<PayloadStatus> => {
    if (parent === undefined || !isCaughtUp || running.size > maxWaiting) {
      forkChoice.keepHeader(block.header);
      return syncing;
    }
    const result = await chain.insert(block);
    if (result.status === 'valid') return valid(block.header.hash);
    if (result.status === 'no-state') {
      forkChoice.keepHeader(block.header);
      return accepted;
    }
    // Its rules are not known, so it is not known to be invalid.
    if (result.code === 'unsupported-fork') throw unsupportedFork();
    return refuse(block, result.reason, latestValidHash(parent));
  };

  const refuse = (block: NewBlock, reason: string, lastValid: BadBlock['latestValidHash']): PayloadStatus => {
    const { header } = block;
    forkChoice.badBlocks.keep(block);
    forkChoice.refuse(header.hash, reason, [], lastValid);
    return invalid(reason, lastValid);
  };

  const checkVersion = (version: PayloadVersion, payload: ExecutionPayload): void => {
    const fault = versionFault(payload, versions[version], addedFields, config);
    if (fault === undefined) {
      schedule.accepted();
      return;
    }
    if (fault.fault === 'fork') {
      if (fault.place === 'before') schedule.refused(`engine_newPayload${version}`, payload.timestamp);
      throw unsupportedFork();
    }
    throw new RpcError('invalid-params', `invalid argument 0: ${fault.field}: ${fault.fault}`);
  };

  return async (version, { payload, context, blobHashes }) => {
    checkVersion(version, payload);
    let block: NewBlock;
    let actualHashes: readonly Uint8Array[];
    try {
      checkParts(payload);
      block = blockOf(payload, context, crypto);
      actualHashes = versionedHashes(payload.transactions);
    } catch (error) {
      return invalid((error as Error).message);
    }
    const { hash } = block.header;
    if (!equalBytes(hash, payload.blockHash)) {
      const status = invalid(`block hash is 0x${toHex(hash)}`);
      return version === 'V1' ? { ...status, status: 'INVALID_BLOCK_HASH' } : status;
    }
    if (blobHashes !== undefined && !isSame(actualHashes, blobHashes)) {
      return invalid('the versioned hashes do not match its blob transactions');
    }
    // From here on the payload is the block with its hash, so results can be shared.
    const key = toHex(hash);
    let status = running.get(key);
    if (status === undefined) {
      status = checkPayload(block).finally(() => running.delete(key));
      running.set(key, status);
    }
    return answerWithin(clock, maxDuration[version], status, syncing);
  };
}

/** Checks the fields that a block with a matching hash could have and yet be invalid. */
function checkParts(payload: ExecutionPayload): void {
  const { blockAccessList, logsBloom, extraData, baseFeePerGas, transactions } = payload;
  for (const [i, transaction] of transactions.entries()) {
    try {
      decodeTransaction(transaction);
    } catch (error) {
      throw new Error(`transaction ${i}: ${(error as Error).message}`);
    }
  }
  if (baseFeePerGas >= 1n << 256n) throw new Error('base fee of more than 256 bits');
  if (logsBloom.length !== 256) throw new Error(`logs bloom of ${logsBloom.length} bytes, not 256`);
  if (extraData.length > 32) throw new Error(`${extraData.length} bytes of extra data, more than 32`);
  if (blockAccessList === undefined) return;
  try {
    checkAccessListForm(blockAccessList);
  } catch (error) {
    throw new Error(`block access list: ${(error as Error).message}`);
  }
}

function isSame(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  return some.length === others.length && some.every((one, i) => equalBytes(one, others[i] as Uint8Array));
}
