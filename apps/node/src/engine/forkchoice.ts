import { isZero } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { SealedHeader } from '@devp2p/eth';
import { headersDownTo } from '../chain/ancestry.ts';
import { latestValidHash, proofOfWork } from '../chain/bad-blocks.ts';
import type { ForkChoice, RequestedForkChoice } from '../chain/fork-choice.ts';
import type { CanonicalChain, ChainRules, ExecutionState, HeaderReader } from '../chain/interfaces.ts';
import { BlockError } from '../errors/chain-error.ts';
import { toData } from '../rpc/codec/hex.ts';
import { RpcError } from '../rpc/transport/rpc-error.ts';
import { answerWithin } from './answer-within.ts';
import { checkAttributes, type ForkchoiceVersion } from './attributes.ts';
import type { ForkchoiceState } from './params.ts';
import type { PayloadBuilder } from './payload-builder.ts';
import type { ScheduleCheck } from './schedule-check.ts';
import { invalid, type PayloadStatus, syncing, valid } from './status.ts';

/** Number of blocks by which the head may move back (go-ethereum, `EngineMaxReorgDepth`). */
export const defaultMaxReorgDepth = 32;

/** The specification's timeout of the caller is 8 s. */
const maxDuration = 7_000;

/** @see createForkchoice */
export interface ForkchoiceParts {
  readonly chain: ChainRules & Pick<CanonicalChain, 'numberOf' | 'totalDifficulty'> & HeaderReader & ExecutionState;
  readonly forkChoice: ForkChoice;
  readonly schedule: ScheduleCheck;
  readonly clock: Clock;
  /** @default no payloads are built */
  readonly builder?: PayloadBuilder | undefined;
  /** 0 for no limit. */
  readonly maxReorgDepth: number;
}

/** Response to `forkchoiceUpdated`. */
interface ForkchoiceResponse {
  readonly payloadStatus: PayloadStatus;
  /** `0x` and 16 hex digits. */
  readonly payloadId: string | null;
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
  const { chain, forkChoice, schedule, clock, builder, maxReorgDepth } = parts;
  let isCaughtUp = false;
  const onCaughtUp = (): void => {
    isCaughtUp = true;
  };
  chain.caughtUp.then(onCaughtUp, onCaughtUp);

  /** Whether a block is a proof-of-work block that another one may follow. */
  const isBeforeMerge = async ({ number, difficulty }: SealedHeader): Promise<boolean> => {
    if (difficulty === 0n) return false;
    const next = await chain.header(number + 1);
    if (next !== undefined) return next.difficulty !== 0n;
    const { terminalTotalDifficulty: terminal } = chain.genesis.config;
    return terminal === undefined || chain.totalDifficulty < terminal;
  };

  /** Records the block on the way to a head that violates a rule. */
  const refuse = async (head: Uint8Array, error: BlockError): Promise<PayloadStatus> => {
    const headers = await headersDownTo(chain, head, error.number - 1);
    const parent = headers.at(-1)?.number === error.number - 1 ? headers.pop() : undefined;
    const [first = head, ...descendants] = headers.map(({ hash }) => hash).reverse();
    const lastValid = parent === undefined ? null : latestValidHash(parent);
    forkChoice.refuse(first, error.reason, descendants, lastValid);
    return invalid(error.reason, lastValid);
  };

  /** Sets the fork choice of a stored head. @returns the status of a head that is not in force */
  const choose = async (requested: RequestedForkChoice, head: SealedHeader): Promise<PayloadStatus | undefined> => {
    const applied = await forkChoice.locate(requested, { number: head.number, hash: head.hash });
    if (applied === undefined) throw new RpcError('invalid-forkchoice', 'Invalid forkchoice state');
    if (!chain.isExecuting) {
      forkChoice.request(requested);
      await forkChoice.apply(applied);
      return undefined;
    }
    if (!isCaughtUp) {
      forkChoice.request(requested);
      return syncing;
    }
    try {
      return (await forkChoice.move(requested, applied)) ? undefined : syncing;
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      return refuse(requested.head, error);
    }
  };

  /** Begins to build a payload on the head that is in force. */
  const build = async (
    version: ForkchoiceVersion,
    head: SealedHeader,
    given: object | undefined,
  ): Promise<string | null> => {
    if (given === undefined) return null;
    const attributes = checkAttributes(given, version, head, chain.genesis.config, schedule);
    const id = await builder?.start(version, head, attributes);
    return id === undefined ? null : toData(id);
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
    const isCanonical = (await chain.numberOf(head)) !== undefined;
    const header = isCanonical || chain.isExecuting ? await chain.headerByHash(head) : undefined;
    if (header === undefined) {
      forkChoice.request(requested);
      return response(syncing);
    }
    if (await isBeforeMerge(header)) {
      return response(invalid('the head is a block before the merge', proofOfWork));
    }
    const inForce = chain.isExecuting ? valid(head) : syncing;
    if (isCanonical) {
      const finalized = await forkChoice.finalized();
      if (finalized !== undefined && header.number < finalized.number) return response(inForce);
      const depth = (await forkChoice.latest()).number - header.number;
      if (maxReorgDepth > 0 && depth > maxReorgDepth) {
        throw new RpcError('too-deep-reorg', `Too deep reorg: ${depth} blocks, at most ${maxReorgDepth}`);
      }
    }
    const status = await choose(requested, header);
    if (status !== undefined) return response(status);
    return response(inForce, await build(version, header, attributes));
  };

  const inTime = (result: Promise<ForkchoiceResponse>): Promise<ForkchoiceResponse> =>
    answerWithin(clock, maxDuration, result, response(syncing));
  /** Calls in progress. */
  const running = new Map<string, Promise<ForkchoiceResponse>>();
  return {
    update(version, state, attributes) {
      const hashes = [state.headBlockHash, state.safeBlockHash, state.finalizedBlockHash];
      const key = JSON.stringify([version, hashes.map(toData), attributes]);
      const same = running.get(key);
      if (same !== undefined) return inTime(same);
      const result = forkChoice
        .inTurn(() => run(version, state, attributes))
        .finally(() => {
          if (running.get(key) === result) running.delete(key);
        });
      // A call that repeats an earlier one must not take effect before the calls between them.
      running.clear();
      running.set(key, result);
      return inTime(result);
    },
  };
}

function response(payloadStatus: PayloadStatus, payloadId: string | null = null): ForkchoiceResponse {
  return { payloadStatus, payloadId };
}

function requestedForkChoice(state: ForkchoiceState): RequestedForkChoice {
  const named = (hash: Uint8Array): Uint8Array | undefined => (isZero(hash) ? undefined : hash);
  return {
    head: state.headBlockHash,
    safe: named(state.safeBlockHash),
    finalized: named(state.finalizedBlockHash),
  };
}
