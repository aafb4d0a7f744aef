import type { SignedAuthorization } from '@devp2p/eth';
import * as v from 'valibot';
import type { AccountOverride, BlockOverride, CallMessage } from '../../chain/interfaces.ts';
import { optional, type Param } from '../transport/api.ts';
import { data, parameter, quantity, safeQuantity } from './hex.ts';

const address = data(20);
const hash = data(32);
const wei = quantity(256);

const accessListForm = v.array(v.object({ address, storageKeys: v.nullish(v.array(hash), []) }));

const authorizationForm = v.object({
  chainId: wei,
  address,
  nonce: quantity(64),
  yParity: v.nullish(quantity(8)),
  v: v.nullish(quantity(8)),
  r: wei,
  s: wei,
});

const callForm = v.object({
  from: v.nullish(address),
  to: v.nullish(address),
  gas: v.nullish(quantity(64)),
  gasPrice: v.nullish(wei),
  maxFeePerGas: v.nullish(wei),
  maxPriorityFeePerGas: v.nullish(wei),
  value: v.nullish(wei),
  nonce: v.nullish(quantity(64)),
  data: v.nullish(data()),
  input: v.nullish(data()),
  accessList: v.nullish(accessListForm),
  chainId: v.nullish(wei),
  maxFeePerBlobGas: v.nullish(wei),
  blobVersionedHashes: v.nullish(v.array(hash)),
  authorizationList: v.nullish(v.array(authorizationForm)),
  blobs: v.nullish(v.array(data())),
});

/** A call or a transaction to be, as methods take it. */
export interface CallArguments extends CallMessage {
  readonly nonce?: bigint | undefined;
  readonly chainId?: bigint | undefined;
  /** Whether it has blobs, which only some methods take. */
  readonly hasBlobs: boolean;
}

const readCall = parameter(callForm);

/** Reads a call object. Throws an `Error` with the expected form. */
export function callArguments(value: unknown): CallArguments {
  if (Array.isArray(value)) throw new Error('expected an object');
  const { data: calldata, input, authorizationList, blobs, ...fields } = readCall(value);
  if (input != null && calldata != null && Buffer.compare(input, calldata) !== 0) {
    throw new Error('both "data" and "input" are set and not equal: use "input"');
  }
  return {
    ...withoutNull(fields),
    input: input ?? calldata ?? undefined,
    authorizationList: authorizationList?.map(authorization),
    hasBlobs: blobs != null,
  };
}

function authorization({
  v: parity,
  yParity,
  ...fields
}: v.InferOutput<typeof authorizationForm>): SignedAuthorization {
  const given = yParity ?? parity;
  if (given == null) throw new Error('authorizationList: expected yParity');
  return { ...fields, yParity: Number(given) } as SignedAuthorization;
}

type WithoutNull<T> = { [Name in keyof T]: Exclude<T[Name], null> };

function withoutNull<T extends object>(fields: T): WithoutNull<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as WithoutNull<T>;
}

const slots = v.record(v.string(), hash);
const accountForm = v.object({
  nonce: v.nullish(quantity(64)),
  balance: v.nullish(wei),
  code: v.nullish(data()),
  state: v.nullish(slots),
  stateDiff: v.nullish(slots),
  movePrecompileToAddress: v.nullish(address),
});
const readAddress = parameter(address);
const readHash = parameter(hash);
const readAccounts = parameter(v.record(v.string(), accountForm));

/** An optional parameter with changes of accounts. */
export const stateOverrides: Param<readonly AccountOverride[] | undefined> = optional((value) =>
  Object.entries(readAccounts(value)).map(([name, fields]) => {
    const { state, stateDiff, movePrecompileToAddress, ...rest } = withoutNull(fields);
    return {
      ...rest,
      address: readAddress(name),
      state: state && slotsOf(state),
      stateDiff: stateDiff && slotsOf(stateDiff),
      movePrecompileTo: movePrecompileToAddress,
    };
  }),
);

function slotsOf(values: Readonly<Record<string, Uint8Array>>): (readonly [bigint, bigint])[] {
  return Object.entries(values).map(([slot, value]) => [numberOf(readHash(slot)), numberOf(value)]);
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

const blockForm = v.object({
  number: v.nullish(safeQuantity),
  difficulty: v.nullish(wei),
  time: v.nullish(safeQuantity),
  gasLimit: v.nullish(safeQuantity),
  feeRecipient: v.nullish(address),
  prevRandao: v.nullish(hash),
  baseFeePerGas: v.nullish(wei),
  blobBaseFee: v.nullish(wei),
  beaconRoot: v.nullish(hash),
  withdrawals: v.nullish(v.array(v.unknown())),
});
const readBlock = parameter(blockForm);

/** An optional parameter with changes of the block. */
export const blockOverride: Param<BlockOverride | undefined> = optional((value) => {
  const fields = withoutNull(readBlock(value));
  for (const name of ['beaconRoot', 'withdrawals'] as const) {
    if (fields[name] !== undefined) throw new Error(`block override "${name}" is not supported for this method`);
  }
  return {
    number: fields.number,
    difficulty: fields.difficulty,
    timestamp: fields.time,
    gasLimit: fields.gasLimit,
    beneficiary: fields.feeRecipient,
    mixHash: fields.prevRandao,
    baseFee: fields.baseFeePerGas,
    blobBaseFee: fields.blobBaseFee,
  };
});
