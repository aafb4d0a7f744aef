import { withdrawalsJson } from '../rpc/codec/block.ts';
import { toData, toQuantity } from '../rpc/codec/hex.ts';
import { RpcError } from '../rpc/transport/rpc-error.ts';
import type { ChainConfig } from '../validation/chain-config.ts';
import type { BuiltPayload, PayloadBuilder } from './payload-builder.ts';
import { isWithin, unsupportedFork, type VersionForks } from './versions.ts';

/** Version of `engine_getPayload`. */
export type GetPayloadVersion = 'V1' | 'V2' | 'V3' | 'V4' | 'V5' | 'V6';

const versions: Readonly<Record<GetPayloadVersion, VersionForks>> = {
  V1: { until: 'shanghai' },
  V2: { until: 'cancun' },
  V3: { from: 'cancun', until: 'prague' },
  V4: { from: 'prague', until: 'osaka' },
  V5: { from: 'osaka', until: 'amsterdam' },
  V6: { from: 'amsterdam' },
};

type Json = Readonly<Record<string, unknown>>;

/**
 * Ends the building of a payload. @returns the response of the version
 *
 * @throws RpcError `unknown-payload`, `unsupported-fork`
 */
export function getPayload(
  builder: PayloadBuilder,
  version: GetPayloadVersion,
  id: Uint8Array,
  config: ChainConfig,
): Json {
  const built = builder.take(id);
  if (built === undefined) throw new RpcError('unknown-payload', 'Unknown payload');
  if (!isWithin(built.block.header, versions[version], config)) throw unsupportedFork();
  const executionPayload = executionPayloadJson(built);
  if (version === 'V1') return executionPayload;
  const { requests, value } = built.block;
  return {
    executionPayload,
    blockValue: toQuantity(value),
    ...(version !== 'V2' && { blobsBundle: blobsBundle(built), shouldOverrideBuilder: false }),
    ...(version > 'V3' && { executionRequests: (requests ?? []).map(toData) }),
  };
}

/** `ExecutionPayload`, of the version of its fork. */
function executionPayloadJson({ block }: BuiltPayload): Json {
  const { header, body, accessList } = block;
  const { blobGasUsed, excessBlobGas, slotNumber } = header;
  return {
    parentHash: toData(header.parentHash),
    feeRecipient: toData(header.beneficiary),
    stateRoot: toData(header.stateRoot),
    receiptsRoot: toData(header.receiptsRoot),
    logsBloom: toData(header.logsBloom),
    prevRandao: toData(header.mixHash),
    blockNumber: toQuantity(header.number),
    gasLimit: toQuantity(header.gasLimit),
    gasUsed: toQuantity(header.gasUsed),
    timestamp: toQuantity(header.timestamp),
    extraData: toData(header.extraData),
    baseFeePerGas: toQuantity(header.baseFeePerGas ?? 0n),
    blockHash: toData(header.hash),
    transactions: [...body.transactions].map(toData),
    ...(body.withdrawals && { withdrawals: withdrawalsJson(body.withdrawals) }),
    ...(blobGasUsed !== undefined && { blobGasUsed: toQuantity(blobGasUsed) }),
    ...(excessBlobGas !== undefined && { excessBlobGas: toQuantity(excessBlobGas) }),
    ...(slotNumber !== undefined && { slotNumber: toQuantity(slotNumber) }),
    ...(accessList && { blockAccessList: toData(accessList) }),
  };
}

function blobsBundle({ sidecars }: BuiltPayload): Json {
  return {
    commitments: sidecars.flatMap(({ commitments }) => commitments.map(toData)),
    proofs: sidecars.flatMap(({ proofs }) => proofs.map(toData)),
    blobs: sidecars.flatMap(({ blobs }) => blobs.map(toData)),
  };
}
