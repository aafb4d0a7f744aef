import { createHash } from 'node:crypto';
import { withdrawalCodec } from '@devp2p/eth';
import { encode, list } from '@devp2p/rlp';
import type { ForkchoiceVersion } from './attributes.ts';
import type { PayloadAttributes } from './params.ts';

/** First byte of the ids (go-ethereum, `PayloadVersion`). */
const versionBytes: Readonly<Record<ForkchoiceVersion, number>> = { V1: 1, V2: 2, V3: 3, V4: 4 };

/** The id of a payload, 8 bytes, as go-ethereum's: equal attributes on one parent have one id. */
export function payloadId(
  version: ForkchoiceVersion,
  parentHash: Uint8Array,
  attributes: PayloadAttributes,
): Uint8Array {
  const { timestamp, prevRandao, suggestedFeeRecipient, withdrawals = [] } = attributes;
  const { parentBeaconBlockRoot, slotNumber, targetGasLimit } = attributes;
  const hash = createHash('sha256');
  hash.update(parentHash);
  hash.update(uint64(timestamp));
  hash.update(prevRandao);
  hash.update(suggestedFeeRecipient);
  hash.update(encode(list(withdrawalCodec), [...withdrawals]));
  if (parentBeaconBlockRoot !== undefined) hash.update(parentBeaconBlockRoot);
  if (slotNumber !== undefined) hash.update(uint64(slotNumber));
  if (targetGasLimit !== undefined) hash.update(uint64(targetGasLimit));
  const id = new Uint8Array(hash.digest().subarray(0, 8));
  id[0] = versionBytes[version];
  return id;
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
