import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import * as v from 'valibot';
import type { ForkChoice } from '../chain/fork-choice.ts';
import type {
  BlockBuilder,
  BlockChecker,
  BlockImporter,
  BlockReader,
  CanonicalChain,
  ChainRules,
  ExecutionState,
  HeaderReader,
} from '../chain/interfaces.ts';
import type { Log } from '../logging/log.ts';
import { data, parameter, quantity, safeQuantity, toQuantity } from '../rpc/codec/hex.ts';
import { type Method, method, type Namespace, optional } from '../rpc/transport/api.ts';
import type { TransactionPool } from '../txpool/options.ts';
import type { ChainConfig } from '../validation/chain-config.ts';
import { version as ownVersion } from '../version.ts';
import type { ForkchoiceVersion } from './attributes.ts';
import { type BodyVersion, createPayloadBodies } from './bodies.ts';
import type { ClientVersion, ConsensusClient } from './consensus-client.ts';
import { createForkchoice, defaultMaxReorgDepth } from './forkchoice.ts';
import { type BlobSource, type GetBlobsVersion, getBlobs } from './get-blobs.ts';
import { type GetPayloadVersion, getPayload } from './get-payload.ts';
import { createNewPayload } from './new-payload.ts';
import { clientVersion, executionPayload, executionRequests, forkchoiceState } from './params.ts';
import { type BuildSettings, createPayloadBuilder, type PayloadBuilder } from './payload-builder.ts';
import { createScheduleCheck } from './schedule-check.ts';
import { watchSilence } from './silence.ts';

/** Settings and collaborators of the Engine API. */
export interface EngineParts {
  readonly chain: ChainRules &
    CanonicalChain &
    HeaderReader &
    BlockReader &
    Pick<BlockChecker, 'check'> &
    Pick<BlockImporter, 'insert'> &
    BlockBuilder &
    ExecutionState;
  readonly forkChoice: ForkChoice;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
  /** Number of blocks by which the head may move back, 0 for no limit. @default 32 (go-ethereum) */
  readonly maxReorgDepth?: number | undefined;
  /** Source of blobs. @default none, so that `getBlobs` is not offered */
  readonly pool?: Pick<TransactionPool, 'blobs'> | undefined;
  /** How blocks are built, which needs execution. @default see `BuildSettings` */
  readonly building?: BuildSettings | undefined;
  /** Whether to warn when no consensus client has ever called. @default true */
  readonly isExpected?: boolean | undefined;
}

/** The running Engine API. */
export interface Engine {
  readonly namespace: Namespace;
  readonly consensusClient: Readonly<ConsensusClient>;
  close(): void;
}

/**
 * `engine_*`: requests of the consensus layer (execution-apis, `src/engine`, Paris to Amsterdam). A payload is executed
 * on its parent. Without execution it is checked by all rules that need none, and the status of a valid one is
 * `SYNCING`. Payloads are not built then, but their attributes are checked.
 */
export function createEngine(parts: EngineParts): Engine {
  const { chain, forkChoice, clock, log } = parts;
  const { config } = chain.genesis;
  const schedule = createScheduleCheck(clock, log);
  const silence = watchSilence(clock, log, parts.isExpected ?? true);
  const builder = chain.isExecuting ? createPayloadBuilder({ ...parts.building, chain, clock, log }) : undefined;
  const forkchoice = createForkchoice({
    chain,
    forkChoice,
    schedule,
    clock,
    builder,
    maxReorgDepth: parts.maxReorgDepth ?? defaultMaxReorgDepth,
  });
  const latest = async (): Promise<number> => (await forkChoice.latest()).number;
  const bodies = createPayloadBodies({ chain, latest });
  const consensusClient: ConsensusClient = { version: undefined, custodyColumns: undefined };
  const hasAmsterdam = Number.isFinite(config.forks.amsterdam);

  const methods = {
    ...newPayloadMethods({ ...parts, schedule }, silence.onCall),
    ...forkchoiceMethods(forkchoice, consensusClient, silence.onCall),
    ...(builder && payloadMethods(builder, config)),
    ...(parts.pool && blobMethods({ chain, forkChoice, pool: parts.pool })),
    ...bodyMethods(bodies),
    getClientVersionV1: method([parameter(clientVersion)], (client) => {
      recordVersion(client, consensusClient, log);
      return [ownClient];
    }),
  };
  const capabilities = Object.keys(methods)
    .filter((name) => hasAmsterdam || !amsterdamMethods.has(name))
    .map((name) => `engine_${name}`);
  return {
    namespace: {
      methods: {
        ...methods,
        exchangeCapabilities: method([parameter(v.array(v.string()))], () => capabilities),
        // Deprecated since Cancun, so it is not a capability.
        exchangeTransitionConfigurationV1: method([transitionConfiguration], () => ({
          terminalTotalDifficulty: toQuantity(config.terminalTotalDifficulty ?? 0n),
          terminalBlockHash: `0x${'00'.repeat(32)}`,
          terminalBlockNumber: '0x0',
        })),
      },
    },
    consensusClient,
    close() {
      silence.close();
      builder?.close();
    },
  };
}

/** Methods that are used from Amsterdam on. */
const amsterdamMethods: ReadonlySet<string> = new Set([
  'newPayloadV5',
  'forkchoiceUpdatedV4',
  'getPayloadV6',
  'getPayloadBodiesByHashV2',
  'getPayloadBodiesByRangeV2',
]);

/** The version of this program. The code is not reserved in execution-apis; the commit is unknown in a release. */
const ownClient: ClientVersion = {
  code: 'DP',
  name: 'devp2p-node',
  version: `v${ownVersion}`,
  commit: '0x00000000',
};

const transitionConfiguration = parameter(
  v.object({
    terminalTotalDifficulty: quantity(256),
    terminalBlockHash: data(32),
    terminalBlockNumber: safeQuantity,
  }),
);

function newPayloadMethods(
  parts: Parameters<typeof createNewPayload>[0],
  onCall: () => void,
): Readonly<Record<string, Method>> {
  const check = createNewPayload(parts);
  const newPayload: typeof check = (version, params) => {
    onCall();
    return check(version, params);
  };
  const payload = parameter(executionPayload);
  const hash = parameter(data(32));
  const hashes = parameter(v.array(data(32)));
  const requests = parameter(executionRequests);
  const withRequests = (version: 'V4' | 'V5') =>
    method([payload, hashes, hash, requests], (given, blobHashes, parentBeaconBlockRoot, executionRequests) => {
      const context = { parentBeaconBlockRoot, executionRequests };
      return newPayload(version, { payload: given, context, blobHashes });
    });
  return {
    newPayloadV1: method([payload], (given) => newPayload('V1', { payload: given, context: {} })),
    newPayloadV2: method([payload], (given) => newPayload('V2', { payload: given, context: {} })),
    newPayloadV3: method([payload, hashes, hash], (given, blobHashes, parentBeaconBlockRoot) =>
      newPayload('V3', { payload: given, context: { parentBeaconBlockRoot }, blobHashes }),
    ),
    newPayloadV4: withRequests('V4'),
    newPayloadV5: withRequests('V5'),
  };
}

function forkchoiceMethods(
  { update }: ReturnType<typeof createForkchoice>,
  client: ConsensusClient,
  onCall: () => void,
): Readonly<Record<string, Method>> {
  const state = parameter(forkchoiceState);
  const attributes = optional(parameter(v.looseObject({})));
  const columns = optional(parameter(data(16)));
  const forkchoiceUpdated = (version: ForkchoiceVersion) =>
    method([state, attributes], (given, building) => {
      onCall();
      return update(version, given, building);
    });
  return {
    forkchoiceUpdatedV1: forkchoiceUpdated('V1'),
    forkchoiceUpdatedV2: forkchoiceUpdated('V2'),
    forkchoiceUpdatedV3: forkchoiceUpdated('V3'),
    forkchoiceUpdatedV4: method([state, attributes, columns], (given, building, custody) => {
      onCall();
      if (custody !== undefined) client.custodyColumns = custody;
      return update('V4', given, building);
    }),
  };
}

function payloadMethods(builder: PayloadBuilder, config: ChainConfig): Readonly<Record<string, Method>> {
  const id = parameter(data(8));
  const get = (version: GetPayloadVersion) => method([id], (given) => getPayload(builder, version, given, config));
  return {
    getPayloadV1: get('V1'),
    getPayloadV2: get('V2'),
    getPayloadV3: get('V3'),
    getPayloadV4: get('V4'),
    getPayloadV5: get('V5'),
    getPayloadV6: get('V6'),
  };
}

function blobMethods(source: BlobSource): Readonly<Record<string, Method>> {
  const hashes = parameter(v.array(data(32)));
  const get = (version: GetBlobsVersion) => method([hashes], (given) => getBlobs(source, version, given));
  return { getBlobsV1: get('V1'), getBlobsV2: get('V2'), getBlobsV3: get('V3') };
}

function bodyMethods(bodies: ReturnType<typeof createPayloadBodies>): Readonly<Record<string, Method>> {
  const hashes = parameter(v.array(data(32)));
  const count = parameter(safeQuantity);
  const methods = (version: BodyVersion) => ({
    [`getPayloadBodiesByHash${version}`]: method([hashes], (given) => bodies.byHash(version, given)),
    [`getPayloadBodiesByRange${version}`]: method([count, count], (start, length) =>
      bodies.byRange(version, start, length),
    ),
  });
  return { ...methods('V1'), ...methods('V2') };
}

/** Keeps the version of the consensus client, and logs a new one. */
function recordVersion(version: ClientVersion, client: ConsensusClient, log: Log): void {
  const { version: before } = client;
  const isSame = before?.name === version.name && before.version === version.version;
  client.version = version;
  if (!isSame) log.info({ ...version }, 'consensus client');
}
