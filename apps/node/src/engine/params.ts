import { fromHex } from '@devp2p/enr';
import type { Withdrawal } from '@devp2p/eth';
import * as v from 'valibot';

/** Something that the Engine API sends, read from JSON. */
type Form<T> = v.GenericSchema<unknown, T>;

/** `DATA`: bytes in hex. */
export function data(length?: number): Form<Uint8Array> {
  const expected = `expected 0x and ${length === undefined ? 'an even number of' : 2 * length} hex digits`;
  return v.pipe(
    v.string(expected),
    v.regex(/^0x(?:[0-9a-fA-F]{2})*$/, expected),
    v.check((text) => length === undefined || text.length === 2 + 2 * length, expected),
    v.transform((text) => fromHex(text.slice(2))),
  );
}

/** `QUANTITY` */
function quantity(bits: number): Form<bigint> {
  const expected = 'expected 0x and a number in hex without leading zeros';
  return v.pipe(
    v.string(expected),
    v.regex(/^0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,63})$/, expected),
    v.transform((text) => BigInt(text)),
    v.maxValue((1n << BigInt(bits)) - 1n, `expected at most ${bits} bits`),
  );
}

/** One that stays below 2⁵³, as every gas, number and time does. */
const number: Form<number> = v.pipe(
  quantity(64),
  v.maxValue(BigInt(Number.MAX_SAFE_INTEGER), 'expected less than 2^53'),
  v.transform(Number),
);

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

/** The fields that forks have added. */
interface AddedFields {
  readonly withdrawals: readonly Withdrawal[] | undefined;
  readonly blobGasUsed: number | undefined;
  readonly excessBlobGas: number | undefined;
  readonly blockAccessList: Uint8Array | undefined;
  readonly slotNumber: number | undefined;
}

export type AddedField = keyof AddedFields;

/** What is `null` is as good as absent. */
function maybe<T>(form: Form<T>): Form<T | undefined> {
  return v.pipe(
    v.nullish(form),
    v.transform((value) => value ?? undefined),
  );
}

const withdrawal: Form<Withdrawal> = v.object({
  index: number,
  validatorIndex: number,
  address: data(20),
  amount: quantity(64),
});

const added = {
  withdrawals: maybe(v.array(withdrawal)),
  blobGasUsed: maybe(number),
  excessBlobGas: maybe(number),
  blockAccessList: maybe(data()),
  slotNumber: maybe(number),
};

export const addedFields: readonly AddedField[] = Object.keys(added) as AddedField[];

export const executionPayload: Form<ExecutionPayload> = v.object({
  parentHash: data(32),
  feeRecipient: data(20),
  stateRoot: data(32),
  receiptsRoot: data(32),
  logsBloom: data(256),
  prevRandao: data(32),
  blockNumber: number,
  gasLimit: number,
  gasUsed: number,
  timestamp: number,
  extraData: data(),
  baseFeePerGas: quantity(256),
  blockHash: data(32),
  transactions: v.array(data()),
  ...added,
});

/** `executionRequests`, `type ‖ data` each: none is without data, and their types ascend (EIP-7685). */
export const executionRequests: Form<readonly Uint8Array[]> = v.pipe(
  v.array(data()),
  v.check(
    (all) =>
      all.every((one, i) => one.length > 1 && (i === 0 || (all[i - 1]?.[0] ?? 0) < (one[0] ?? 0))),
    'expected requests with data, in ascending order of type',
  ),
);

/** `ForkchoiceState`: 32 bytes each, zeros for none. */
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
