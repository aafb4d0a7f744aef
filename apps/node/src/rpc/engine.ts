import type { Crypto } from '@devp2p/crypto';
import { toHex } from '@devp2p/enr';
import * as v from 'valibot';
import { equalBytes, isZero } from '../chain/bytes.ts';
import type { LocalChain } from '../chain/chain.ts';
import type { ChainConfig, TimeFork } from '../chain/chain-config.ts';
import type { Consensus } from '../engine/consensus.ts';
import {
  type AddedField,
  addedFields,
  data,
  type ExecutionPayload,
  executionPayload,
  executionRequests,
  type ForkchoiceState,
  forkchoiceState,
} from '../engine/params.ts';
import { blockOf, type PayloadContext, versionedHashes } from '../engine/payload.ts';
import { method, type Namespace, optional } from './api.ts';
import { RpcError } from './error.ts';

/** What the methods work on. */
export interface EngineParts {
  readonly chain: Pick<LocalChain, 'genesis' | 'numberOf' | 'check'>;
  readonly consensus: Consensus;
  readonly crypto: Crypto;
}

/** What is said of a block (`PayloadStatusV1`). */
interface PayloadStatus {
  /** Without execution nothing is ever `VALID`. */
  readonly status: 'SYNCING' | 'INVALID' | 'INVALID_BLOCK_HASH';
  /** Not known without execution. */
  readonly latestValidHash: null;
  readonly validationError: string | null;
}

const syncing: PayloadStatus = { status: 'SYNCING', latestValidHash: null, validationError: null };

/** A version of `newPayload`: the forks it is for, and the fields that its payloads have besides those of the first. */
interface PayloadVersion {
  readonly from?: TimeFork;
  readonly until?: TimeFork;
  readonly fields: (payload: ExecutionPayload, config: ChainConfig) => readonly AddedField[];
}

const cancunFields = ['withdrawals', 'blobGasUsed', 'excessBlobGas'] as const;
const amsterdamFields = [...cancunFields, 'blockAccessList', 'slotNumber'] as const;

const versions = {
  V1: { fields: () => [] },
  V2: {
    until: 'cancun',
    fields: ({ timestamp }, { forks }) => (timestamp >= forks.shanghai ? ['withdrawals'] : []),
  },
  V3: { from: 'cancun', until: 'prague', fields: () => cancunFields },
  V4: { from: 'prague', until: 'amsterdam', fields: () => cancunFields },
  V5: { from: 'amsterdam', fields: () => amsterdamFields },
} as const satisfies Record<string, PayloadVersion>;

/**
 * `engine_*`: where the consensus layer tells what the head is (execution-apis, `src/engine`, Paris to Amsterdam). A
 * payload is held against every rule that needs no execution; whatever breaks none is `SYNCING`, since nothing here
 * executes. For the same reason no payload is built, and attributes for one are not looked at.
 */
export function engineNamespace(parts: EngineParts): Namespace {
  const { forks } = parts.chain.genesis.config;
  const payload = schema(executionPayload);
  const hash = schema(data(32));
  const hashes = schema(v.array(data(32)));
  const requests = schema(executionRequests);
  const attributes = optional(schema(v.looseObject({})));
  const newPayload = newPayloadOver(parts);
  const choose = forkchoiceOver(parts);
  const withRequests = (version: 'V4' | 'V5') =>
    method([payload, hashes, hash, requests], (given, blobHashes, parentBeaconBlockRoot, made) =>
      newPayload(version, given, { parentBeaconBlockRoot, executionRequests: made }, blobHashes),
    );
  const forkchoiceUpdated = method([schema(forkchoiceState), attributes], (state, _attributes) =>
    choose(state),
  );
  const methods = {
    newPayloadV1: method([payload], (given) => newPayload('V1', given, {})),
    newPayloadV2: method([payload], (given) => newPayload('V2', given, {})),
    newPayloadV3: method([payload, hashes, hash], (given, blobHashes, parentBeaconBlockRoot) =>
      newPayload('V3', given, { parentBeaconBlockRoot }, blobHashes),
    ),
    newPayloadV4: withRequests('V4'),
    ...(Number.isFinite(forks.amsterdam) && { newPayloadV5: withRequests('V5') }),
    forkchoiceUpdatedV1: forkchoiceUpdated,
    forkchoiceUpdatedV2: forkchoiceUpdated,
    forkchoiceUpdatedV3: forkchoiceUpdated,
  };
  const capabilities = Object.keys(methods).map((name) => `engine_${name}`);
  return {
    methods: {
      ...methods,
      exchangeCapabilities: method([schema(v.array(v.string()))], () => capabilities),
    },
  };
}

function newPayloadOver({ chain, consensus, crypto }: EngineParts) {
  const { config } = chain.genesis;
  return async (
    version: keyof typeof versions,
    payload: ExecutionPayload,
    context: PayloadContext,
    blobHashes: readonly Uint8Array[] = [],
  ): Promise<PayloadStatus> => {
    checkVersion(payload, versions[version], config);
    const { blockHash, parentHash } = payload;
    let block: ReturnType<typeof blockOf>;
    let actualHashes: readonly Uint8Array[];
    try {
      block = blockOf(payload, context, crypto);
      actualHashes = versionedHashes(payload.transactions);
    } catch (error) {
      return invalid(`transactions: ${(error as Error).message}`);
    }
    if (!equalBytes(block.header.hash, blockHash)) {
      const reason = `block hash is 0x${toHex(block.header.hash)}`;
      return version === 'V1'
        ? { ...invalid(reason), status: 'INVALID_BLOCK_HASH' }
        : invalid(reason);
    }
    const isExpected = (hash: Uint8Array, i: number): boolean =>
      equalBytes(hash, blobHashes[i] ?? new Uint8Array());
    if (
      version !== 'V1' &&
      version !== 'V2' &&
      !(actualHashes.length === blobHashes.length && actualHashes.every(isExpected))
    ) {
      return invalid('the versioned hashes are not those of its blobs');
    }
    // Until here it was the payload that might be wrong; from here on it is the block of that hash.
    const reason = consensus.refusal(blockHash) ?? parentReason(consensus, parentHash);
    const broken = reason ?? (await chain.check(block));
    if (broken === undefined) return syncing;
    consensus.refuse(blockHash, broken);
    return invalid(broken);
  };
}

function invalid(reason: string): PayloadStatus {
  return { status: 'INVALID', latestValidHash: null, validationError: reason };
}

function parentReason(consensus: Consensus, parent: Uint8Array): string | undefined {
  const reason = consensus.refusal(parent);
  const inherited = 'an ancestor is invalid: ';
  return reason?.startsWith(inherited) ? reason : reason && inherited + reason;
}

/** @throws RpcError */
function checkVersion(
  payload: ExecutionPayload,
  { from, until, fields }: PayloadVersion,
  config: ChainConfig,
): void {
  const { timestamp } = payload;
  const wanted = new Set(fields(payload, config));
  const isBefore = from !== undefined && timestamp < config.forks[from];
  const isAfter = until !== undefined && timestamp >= config.forks[until];
  if (isBefore || isAfter) throw new RpcError('unsupported-fork', 'Unsupported fork');
  for (const field of addedFields) {
    const isThere = payload[field] !== undefined;
    if (isThere === wanted.has(field)) continue;
    const what = isThere ? 'unexpected' : 'missing';
    throw new RpcError('invalid-params', `invalid argument 0: ${field}: ${what}`);
  }
}

function forkchoiceOver({ chain, consensus }: EngineParts) {
  /** Whether a block that is named is on our chain, and not above the head that is named. */
  const isBelow = async (hash: Uint8Array, head: number): Promise<boolean> => {
    if (isZero(hash)) return true;
    const number = await chain.numberOf(hash);
    return number !== undefined && number <= head;
  };
  const update = async (state: ForkchoiceState) => {
    const { headBlockHash: head, safeBlockHash: safe, finalizedBlockHash: finalized } = state;
    const answer = (payloadStatus: PayloadStatus) => ({ payloadStatus, payloadId: null });
    const reason = isZero(head) ? 'the head is no block' : consensus.refusal(head);
    if (reason !== undefined) {
      return answer({ status: 'INVALID', latestValidHash: null, validationError: reason });
    }
    const number = await chain.numberOf(head);
    if (number !== undefined) {
      const isOne = (await isBelow(safe, number)) && (await isBelow(finalized, number));
      if (!isOne) throw new RpcError('invalid-forkchoice', 'Invalid forkchoice state');
    }
    consensus.choose(head);
    return answer(syncing);
  };
  // In the order in which they came, whatever each waits for.
  let last: Promise<unknown> = Promise.resolve();
  return (state: ForkchoiceState) => {
    const result = last.then(() => update(state));
    last = result.catch(() => {});
    return result;
  };
}

/** A parameter of a form. */
function schema<const S extends v.GenericSchema>(form: S): (value: unknown) => v.InferOutput<S> {
  return (value) => {
    const result = v.safeParse(form, value, { abortEarly: true });
    if (result.success) return result.output;
    const [issue] = result.issues;
    const path = v.getDotPath(issue);
    throw new Error(path === null ? issue.message : `${path}: ${issue.message}`);
  };
}
