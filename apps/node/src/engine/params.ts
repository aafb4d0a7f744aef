import type { Withdrawal } from '@devp2p/eth';
import * as v from 'valibot';
import { data, type Form, quantity, safeQuantity } from '../rpc/codec/hex.ts';

/** `ExecutionPayload`, of any version. */
export interface ExecutionPayload extends Readonly<Partial<AddedFields>> {
  readonly parentHash: Uint8Array;
  readonly feeRecipient: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  readonly logsBloom: Uint8Array;
  readonly prevRandao: Uint8Array;
  readonly blockNumber: number;
  readonly gasLimit: number;
  readonly gasUsed: number;
  readonly timestamp: number;
  readonly extraData: Uint8Array;
  readonly baseFeePerGas: bigint;
  readonly blockHash: Uint8Array;
  /** In canonical form. */
  readonly transactions: readonly Uint8Array[];
}

/** Fields that forks have added. */
interface AddedFields {
  readonly withdrawals: readonly Withdrawal[] | undefined;
  readonly blobGasUsed: number | undefined;
  readonly excessBlobGas: number | undefined;
  readonly blockAccessList: Uint8Array | undefined;
  readonly slotNumber: number | undefined;
}

export type AddedField = keyof AddedFields;

/** An optional field; `null` counts as absent. */
function maybe<T>(form: Form<T>): Form<T | undefined> {
  return v.pipe(
    v.nullish(form),
    v.transform((value) => value ?? undefined),
  );
}

const withdrawal: Form<Withdrawal> = v.object({
  index: safeQuantity,
  validatorIndex: safeQuantity,
  address: data(20),
  amount: quantity(64),
});

const added = {
  withdrawals: maybe(v.array(withdrawal)),
  blobGasUsed: maybe(safeQuantity),
  excessBlobGas: maybe(safeQuantity),
  blockAccessList: maybe(data()),
  slotNumber: maybe(safeQuantity),
};

export const addedFields: readonly AddedField[] = Object.keys(added) as AddedField[];

export const executionPayload: Form<ExecutionPayload> = v.object({
  parentHash: data(32),
  feeRecipient: data(20),
  stateRoot: data(32),
  receiptsRoot: data(32),
  // A value that does not fit into a header makes an invalid block, not an invalid parameter; so do extra data and fee.
  logsBloom: data(),
  prevRandao: data(32),
  blockNumber: safeQuantity,
  gasLimit: safeQuantity,
  gasUsed: safeQuantity,
  timestamp: safeQuantity,
  extraData: data(),
  baseFeePerGas: quantity(512),
  blockHash: data(32),
  transactions: v.array(data()),
  ...added,
});

/** `executionRequests`, `type ‖ data` of each: with data, in ascending order of type (EIP-7685). */
export const executionRequests: Form<readonly Uint8Array[]> = v.pipe(
  v.array(data()),
  v.check(
    (all) => all.every((one, i) => one.length > 1 && (i === 0 || (all[i - 1]?.[0] ?? 0) < (one[0] ?? 0))),
    'expected requests with data, in ascending order of type',
  ),
);

/** `PayloadAttributes`, of any version. */
export interface PayloadAttributes extends Readonly<Partial<AddedAttributes>> {
  readonly timestamp: number;
  readonly prevRandao: Uint8Array;
  readonly suggestedFeeRecipient: Uint8Array;
}

/** Attributes that forks have added. */
interface AddedAttributes {
  readonly withdrawals: readonly Withdrawal[] | undefined;
  readonly parentBeaconBlockRoot: Uint8Array | undefined;
  readonly slotNumber: number | undefined;
  readonly targetGasLimit: number | undefined;
}

export type AddedAttribute = keyof AddedAttributes;

const addedAttributes = {
  withdrawals: maybe(v.array(withdrawal)),
  parentBeaconBlockRoot: maybe(data(32)),
  slotNumber: maybe(safeQuantity),
  targetGasLimit: maybe(safeQuantity),
};

export const addedAttributeNames: readonly AddedAttribute[] = Object.keys(addedAttributes) as AddedAttribute[];

export const payloadAttributes: Form<PayloadAttributes> = v.object({
  timestamp: safeQuantity,
  prevRandao: data(32),
  suggestedFeeRecipient: data(20),
  ...addedAttributes,
});

/** `ForkchoiceState`: 32 bytes each, zeros for an absent block. */
export interface ForkchoiceState {
  readonly headBlockHash: Uint8Array;
  readonly safeBlockHash: Uint8Array;
  readonly finalizedBlockHash: Uint8Array;
}

export const forkchoiceState: Form<ForkchoiceState> = v.object({
  headBlockHash: data(32),
  safeBlockHash: data(32),
  finalizedBlockHash: data(32),
});

/** `ClientVersionV1`, with texts shortened to 64 characters. */
export const clientVersion: Form<{ code: string; name: string; version: string; commit: string }> = v.object({
  code: shortText(),
  name: shortText(),
  version: shortText(),
  commit: shortText(),
});

function shortText(): Form<string> {
  return v.pipe(
    v.string(),
    v.transform((text) => text.slice(0, 64)),
  );
}
