import { equalBytes, isZero } from '@devp2p/bytes';
import type { ForkChoice, RequestedForkChoice } from '../chain/fork-choice.ts';
import type { CanonicalChain, ChainRules, HeaderReader } from '../chain/interfaces.ts';
import { toData } from '../rpc/codec/hex.ts';
import { RpcError } from '../rpc/transport/rpc-error.ts';
import { checkAttributes, type ForkchoiceVersion } from './attributes.ts';
import type { ForkchoiceState } from './params.ts';
import type { ScheduleCheck } from './schedule-check.ts';
import { invalid, type PayloadStatus, proofOfWork, syncing } from './status.ts';

/** Blocks by which the head may be set back (go-ethereum, `EngineMaxReorgDepth`). */
export const defaultMaxReorgDepth = 32;

/** @see createForkchoice */
export interface ForkchoiceParts {
  readonly chain: ChainRules &
    Pick<CanonicalChain, 'numberOf' | 'totalDifficulty'> &
    Pick<HeaderReader, 'header'>;
  readonly forkChoice: ForkChoice;
  readonly schedule: ScheduleCheck;
  /** 0 for no limit. */
  readonly maxReorgDepth: number;
}

/** What `forkchoiceUpdated` answers. No payload is built. */
interface ForkchoiceAnswer {
  readonly payloadStatus: PayloadStatus;
  readonly payloadId: null;
}

/** Takes forkchoices of the consensus client. */
export interface ForkchoiceUpdates {
  /** In the order of the calls; one that is repeated while it runs joins itself. Rejects with an `RpcError`. */
  update(
    version: ForkchoiceVersion,
    state: ForkchoiceState,
    attributes: object | undefined,
  ): Promise<ForkchoiceAnswer>;
}

export function createForkchoice(parts: ForkchoiceParts): ForkchoiceUpdates {
  const { chain, forkChoice, schedule, maxReorgDepth } = parts;

  /** Whether a block was made by proof of work and another one of those could follow it. */
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
  ): Promise<ForkchoiceAnswer> => {
    const requested = requestedForkChoice(state);
    const { head } = requested;
    if (isZero(head)) return answer(invalid('the head is the zero hash'));
    const bad = forkChoice.badBlocks.refuse(head);
    if (bad !== undefined) return answer(invalid(bad.reason, bad.latestValidHash));
    const number = await chain.numberOf(head);
    const header = number === undefined ? undefined : await chain.header(number);
    if (header === undefined || !equalBytes(header.hash, head)) {
      forkChoice.request(requested);
      return answer(syncing);
    }
    if (await isBeforeMerge(header.number, header.difficulty)) {
      return answer(invalid('the head is a block before the merge', proofOfWork));
    }
    const finalized = await forkChoice.finalized();
    if (finalized !== undefined && header.number < finalized.number) return answer(syncing);
    const depth = (await forkChoice.latest()).number - header.number;
    if (maxReorgDepth > 0 && depth > maxReorgDepth) {
      throw new RpcError(
        'too-deep-reorg',
        `Too deep reorg: ${depth} blocks, at most ${maxReorgDepth}`,
      );
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
    return answer(syncing);
  };

  /** Calls that have not been answered. */
  const running = new Map<string, Promise<ForkchoiceAnswer>>();
  return {
    update(version, state, attributes) {
      const hashes = [state.headBlockHash, state.safeBlockHash, state.finalizedBlockHash];
      const key = JSON.stringify([version, hashes.map(toData), attributes]);
      const twin = running.get(key);
      if (twin !== undefined) return twin;
      const result = forkChoice
        .inTurn(() => run(version, state, attributes))
        .finally(() => {
          if (running.get(key) === result) running.delete(key);
        });
      // A twin of an earlier call must not take effect before what came in between.
      running.clear();
      running.set(key, result);
      return result;
    },
  };
}

function answer(payloadStatus: PayloadStatus): ForkchoiceAnswer {
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
