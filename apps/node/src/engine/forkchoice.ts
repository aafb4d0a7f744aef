import { equalBytes, isZero } from '@devp2p/bytes';
import type { LocalChain } from '../chain/chain.ts';
import { toData } from '../rpc/codec/hex.ts';
import { RpcError } from '../rpc/transport/rpc-error.ts';
import { checkAttributes, type ForkchoiceVersion } from './attributes.ts';
import type { AppliedForkchoice, BlockRef, Consensus, Forkchoice } from './consensus.ts';
import type { ForkchoiceState } from './params.ts';
import type { ScheduleCheck } from './schedule-check.ts';
import { invalid, type PayloadStatus, proofOfWork, syncing } from './status.ts';
import { forkchoiceTags } from './tags.ts';

/** Blocks by which the head may be set back (go-ethereum, `EngineMaxReorgDepth`). */
export const defaultMaxReorgDepth = 32;

/** @see createForkchoice */
export interface ForkchoiceParts {
  readonly chain: Pick<
    LocalChain,
    'genesis' | 'head' | 'header' | 'numberOf' | 'totalDifficulty' | 'onHead'
  >;
  readonly consensus: Consensus;
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
  close(): void;
}

export function createForkchoice(parts: ForkchoiceParts): ForkchoiceUpdates {
  const { chain, consensus, schedule, maxReorgDepth } = parts;
  const tags = forkchoiceTags(chain, consensus);

  /** A block that is named, if it is on our chain up to the head. */
  const ancestor = async (
    hash: Uint8Array | undefined,
    head: BlockRef,
  ): Promise<BlockRef | undefined> => {
    const number = hash && (await chain.numberOf(hash));
    return hash === undefined || number === undefined || number > head.number
      ? undefined
      : { number, hash };
  };

  /** The forkchoice with its blocks found; `undefined` when they are not of one chain. */
  const locate = async (
    { safe, finalized }: Forkchoice,
    head: BlockRef,
  ): Promise<AppliedForkchoice | undefined> => {
    const [safeBlock, finalizedBlock] = [
      await ancestor(safe, head),
      await ancestor(finalized, head),
    ];
    const isMissing =
      (safe !== undefined && safeBlock === undefined) ||
      (finalized !== undefined && finalizedBlock === undefined);
    if (isMissing) return undefined;
    const before = (await tags.finalized()) && consensus.applied?.finalized;
    return { head, safe: safeBlock, finalized: laterOf(finalizedBlock, before) };
  };

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
    const forkchoice = forkchoiceOf(state);
    const { head } = forkchoice;
    if (isZero(head)) return answer(invalid('the head is the zero hash'));
    const bad = consensus.badBlocks.refuse(head);
    if (bad !== undefined) return answer(invalid(bad.reason, bad.latestValidHash));
    const number = await chain.numberOf(head);
    const header = number === undefined ? undefined : await chain.header(number);
    if (header === undefined || !equalBytes(header.hash, head)) {
      consensus.choose(forkchoice);
      return answer(syncing);
    }
    if (await isBeforeMerge(header.number, header.difficulty)) {
      return answer(invalid('the head is a block before the merge', proofOfWork));
    }
    const finalized = await tags.finalized();
    if (finalized !== undefined && header.number < finalized.number) return answer(syncing);
    const depth = (await tags.latest()).number - header.number;
    if (maxReorgDepth > 0 && depth > maxReorgDepth) {
      throw new RpcError(
        'too-deep-reorg',
        `Too deep reorg: ${depth} blocks, at most ${maxReorgDepth}`,
      );
    }
    const applied = await locate(forkchoice, { number: header.number, hash: head });
    if (applied === undefined) {
      throw new RpcError('invalid-forkchoice', 'Invalid forkchoice state');
    }
    consensus.choose(forkchoice);
    consensus.apply(applied);
    if (attributes !== undefined) {
      checkAttributes(attributes, version, header, chain.genesis.config, schedule);
    }
    return answer(syncing);
  };

  /** Brings the forkchoice into force whose head the sync has come to. */
  const settle = async (): Promise<void> => {
    const { named } = consensus;
    const number = named && (await chain.numberOf(named.head));
    if (named === undefined || number === undefined || named !== consensus.named) return;
    const applied = await locate(named, { number, hash: named.head });
    if (applied !== undefined) consensus.apply(applied);
  };

  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const result = last.then(action);
    last = result.catch(() => {});
    return result;
  };

  let settling = false;
  const unsubscribe = chain.onHead(() => {
    const { named, applied } = consensus;
    const isSettled = named && applied && equalBytes(named.head, applied.head.hash);
    if (settling || named === undefined || isSettled) return;
    settling = true;
    inTurn(() => {
      settling = false;
      return settle();
    }).catch(() => {
      // The store has failed, which the sync reports.
    });
  });

  /** Calls that have not been answered. */
  const running = new Map<string, Promise<ForkchoiceAnswer>>();
  return {
    update(version, state, attributes) {
      const hashes = [state.headBlockHash, state.safeBlockHash, state.finalizedBlockHash];
      const key = JSON.stringify([version, hashes.map(toData), attributes]);
      const twin = running.get(key);
      if (twin !== undefined) return twin;
      const result = inTurn(() => run(version, state, attributes)).finally(() => {
        if (running.get(key) === result) running.delete(key);
      });
      // A twin of an earlier call must not take effect before what came in between.
      running.clear();
      running.set(key, result);
      return result;
    },
    close: unsubscribe,
  };
}

function answer(payloadStatus: PayloadStatus): ForkchoiceAnswer {
  return { payloadStatus, payloadId: null };
}

function forkchoiceOf(state: ForkchoiceState): Forkchoice {
  const named = (hash: Uint8Array): Uint8Array | undefined => (isZero(hash) ? undefined : hash);
  return {
    head: state.headBlockHash,
    safe: named(state.safeBlockHash),
    finalized: named(state.finalizedBlockHash),
  };
}

/** What is final stays so. */
function laterOf(one: BlockRef | undefined, other: BlockRef | undefined): BlockRef | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.number >= other.number ? one : other;
}
