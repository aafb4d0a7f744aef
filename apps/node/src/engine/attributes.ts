import { parameter } from '../rpc/codec/hex.ts';
import { RpcError } from '../rpc/transport/rpc-error.ts';
import type { ChainConfig } from '../validation/chain-config.ts';
import { type AddedAttribute, addedAttributeNames, type PayloadAttributes, payloadAttributes } from './params.ts';
import type { ScheduleCheck } from './schedule-check.ts';
import { unsupportedFork, type Version, versionFault } from './versions.ts';

const cancunFields = ['withdrawals', 'parentBeaconBlockRoot'] as const;

export type ForkchoiceVersion = 'V1' | 'V2' | 'V3' | 'V4';

/** Forks and structures of attributes, by the version of `engine_forkchoiceUpdated`. */
const versions: Readonly<Record<ForkchoiceVersion, Version<AddedAttribute>>> = {
  V1: { until: 'shanghai', fields: [] },
  V2: { until: 'cancun', fields: { since: 'shanghai', fields: ['withdrawals'] } },
  V3: { from: 'cancun', until: 'amsterdam', fields: cancunFields },
  V4: { from: 'amsterdam', fields: [...cancunFields, 'slotNumber', 'targetGasLimit'] },
};

const parse = parameter(payloadAttributes);

/**
 * Reads attributes, and checks them against the version of the call and the head that they build on.
 *
 * @throws RpcError `invalid-attributes`, `unsupported-fork`
 */
export function checkAttributes(
  given: unknown,
  version: ForkchoiceVersion,
  head: { readonly timestamp: number },
  config: ChainConfig,
  schedule: ScheduleCheck,
): PayloadAttributes {
  let attributes: PayloadAttributes;
  try {
    attributes = parse(given);
  } catch (error) {
    throw invalidAttributes((error as Error).message);
  }
  const fault = fieldFault(attributes, version, config);
  if (fault === undefined) schedule.accepted();
  else if (fault.fault !== 'fork') throw invalidAttributes(`${fault.field}: ${fault.fault}`);
  else {
    const method = `engine_forkchoiceUpdated${version}`;
    if (fault.place === 'before') schedule.refused(method, attributes.timestamp);
    throw unsupportedFork();
  }
  if (attributes.timestamp <= head.timestamp) {
    throw invalidAttributes(`timestamp ${attributes.timestamp} is not after the timestamp of the head`);
  }
  return attributes;
}

function fieldFault(
  attributes: PayloadAttributes,
  version: ForkchoiceVersion,
  config: ChainConfig,
): ReturnType<typeof versionFault<AddedAttribute, PayloadAttributes>> {
  // V2 has two structures of its own, and refuses the fields of later versions before the fork is checked.
  if (version === 'V2') {
    const later = addedAttributeNames.find((n) => n !== 'withdrawals' && attributes[n] !== undefined);
    if (later !== undefined) return { fault: 'unexpected', field: later };
  }
  return versionFault(attributes, versions[version], addedAttributeNames, config);
}

/** @param reason of the refusal, for the client */
export function invalidAttributes(reason: string): RpcError {
  return new RpcError('invalid-attributes', `Invalid payload attributes: ${reason}`);
}
