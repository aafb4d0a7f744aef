import { equalBytes, isZero } from '@devp2p/bytes';
import type { ForkChoice, RequestedForkChoice } from '../chain/fork-choice.ts';
import type { CanonicalChain, ChainRules, HeaderReader } from '../chain/interfaces.ts';
import { toData } from '../rpc/codec/hex.ts';
import { RpcError } from '../rpc/transport/rpc-error.ts';
import { checkAttributes, type ForkchoiceVersion } from './attributes.ts';
import type { ForkchoiceState } from './params.ts';
import type { ScheduleCheck } from './schedule-check.ts';
import { invalid, type PayloadStatus, proofOfWork, syncing } from './status.ts';

/** Number of blocks by which the head may move back (go-ethereum, `EngineMaxReorgDepth`). */
export const defaultMaxReorgDepth = 32;

/** @see createForkchoice */
export interface ForkchoiceParts {
  readonly chain: ChainRules & Pick<CanonicalChain, 'numberOf' | 'totalDifficulty'> & Pick<HeaderReader, 'header'>;
  readonly forkChoice: ForkChoice;
  readonly schedule: ScheduleCheck;
  /** 0 for no limit. */
  readonly maxReorgDepth: number;
}

/** Response to `forkchoiceUpdated`. Payloads are not built. */
interface ForkchoiceResponse {
  readonly payloadStatus: PayloadStatus;
  readonly payloadId: null;
}

/** Processes fork choices of the consensus client. */
export interface ForkchoiceUpdates {
  /** Processed in the order of the calls; a repeated call gets the response of the first. Rejects with an `RpcError`. */
  update(
    version: ForkchoiceVersion,
    state: ForkchoiceState,
    attributes: object | undefined,
  ): Promise<ForkchoiceResponse>;
}

export function createForkchoice(parts: ForkchoiceParts): ForkchoiceUpdates {
  const { chain, forkChoice, schedule, maxReorgDepth } = parts;

  /** Whether a block is a proof-of-work block that another one may follow. */
  const isBeforeMerge = async (number: number, difficulty: bigint): Promise<boolean> => {
    if (difficulty === 0n) return false;
    const next = await chain.header(number + 1);
    if (next !== undefined) return next.difficulty !== 0n;
    const { terminalTotalDifficulty: terminal } = chain.genesis.config;
    return terminal === undefined || chain.totalDifficulty < terminal;
  };

  const run = async (
    version: ForkchoiceVersion,
    state: ForkchoiceState,
    attributes: object | undefined,
  ): Promise<ForkchoiceResponse> => {
    const requested = requestedForkChoice(state);
    const { head } = requested;
    if (isZero(head)) return response(invalid('the head is the zero hash'));
    const bad = forkChoice.badBlocks.refuse(head);
    if (bad !== undefined) return response(invalid(bad.reason, bad.latestValidHash));
    const number = await chain.numberOf(head);
    const header = number === undefined ? undefined : await chain.header(number);
    if (header === undefined || !equalBytes(header.hash, head)) {
      forkChoice.request(requested);
      return response(syncing);
    }
    if (await isBeforeMerge(header.number, header.difficulty)) {
      return response(invalid('the head is a block before the merge', proofOfWork));
    }
    const finalized = await forkChoice.finalized();
    if (finalized !== undefined && header.number < finalized.number) return response(syncing);
    const depth = (await forkChoice.latest()).number - header.number;
    if (maxReorgDepth > 0 && depth > maxReorgDepth) {
      throw new RpcError('too-deep-reorg', `Too deep reorg: ${depth} blocks, at most ${maxReorgDepth}`);
    }
    const applied = await forkChoice.locate(requested, { number: header.number, hash: head });
    if (applied === undefined) {
      throw new RpcError('invalid-forkchoice', 'Invalid forkchoice state');
    }
    forkChoice.request(requested);
    forkChoice.apply(applied);
    if (attributes !== undefined) {
      checkAttributes(attributes, version, header, chain.genesis.config, schedule);
    }
    return response(syncing);
  };

  /** Calls in progress. */
  const running = new Map<string, Promise<ForkchoiceResponse>>();
  return {
    update(version, state, attributes) {
      const hashes = [state.headBlockHash, state.safeBlockHash, state.finalizedBlockHash];
      const key = JSON.stringify([version, hashes.map(toData), attributes]);
      const same = running.get(key);
      if (same !== undefined) return same;
      const result = forkChoice
        .inTurn(() => run(version, state, attributes))
        .finally(() => {
          if (running.get(key) === result) running.delete(key);
        });
      // A call that repeats an earlier one must not take effect before the calls between them.
      running.clear();
      running.set(key, result);
      return result;
    },
  };
}

function response(payloadStatus: PayloadStatus): ForkchoiceResponse {
  return { payloadStatus, payloadId: null };
}

function requestedForkChoice(state: ForkchoiceState): RequestedForkChoice {
  const named = (hash: Uint8Array): Uint8Array | undefined => (isZero(hash) ? undefined : hash);
  return {
    head: state.headBlockHash,
    safe: named(state.safeBlockHash),
    finalized: named(state.finalizedBlockHash),
  };
}
