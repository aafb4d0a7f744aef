import type { AccessListItem, SignedAuthorization } from '@devp2p/eth';
import type { TraceOptions } from '../trace/trace-options.ts';

/** The fields of a call, as those of a transaction. Absent ones have the defaults of a call. */
export interface CallMessage {
  /** 20 bytes. @default the zero address */
  readonly from?: Uint8Array | undefined;
  /** 20 bytes. @default a contract is created */
  readonly to?: Uint8Array | undefined;
  /** @default the maximum */
  readonly gas?: bigint | undefined;
  /** In wei, as all fees. @default no fees are paid */
  readonly gasPrice?: bigint | undefined;
  readonly maxFeePerGas?: bigint | undefined;
  readonly maxPriorityFeePerGas?: bigint | undefined;
  readonly maxFeePerBlobGas?: bigint | undefined;
  /** @default 0 */
  readonly value?: bigint | undefined;
  /** @default empty */
  readonly input?: Uint8Array | undefined;
  readonly accessList?: readonly AccessListItem[] | undefined;
  readonly blobVersionedHashes?: readonly Uint8Array[] | undefined;
  readonly authorizationList?: readonly SignedAuthorization[] | undefined;
}

/** Changes of an account before a call. */
export interface AccountOverride {
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly nonce?: bigint | undefined;
  readonly balance?: bigint | undefined;
  readonly code?: Uint8Array | undefined;
  /** All slots of the account. */
  readonly state?: readonly (readonly [slot: bigint, value: bigint])[] | undefined;
  /** Slots that differ from those of the account. */
  readonly stateDiff?: readonly (readonly [slot: bigint, value: bigint])[] | undefined;
  /** The address, 20 bytes, at which the precompiled contract of this one is instead. */
  readonly movePrecompileTo?: Uint8Array | undefined;
}

/** Changes of the block in which a call is executed. */
export interface BlockOverride {
  readonly number?: number | undefined;
  readonly difficulty?: bigint | undefined;
  readonly timestamp?: number | undefined;
  readonly gasLimit?: number | undefined;
  readonly beneficiary?: Uint8Array | undefined;
  readonly mixHash?: Uint8Array | undefined;
  readonly baseFee?: bigint | undefined;
  readonly blobBaseFee?: bigint | undefined;
}

/** The block whose state a call reads, and in which it is executed. */
interface CallBlock {
  readonly hash: Uint8Array;
  /** RLP of the header. */
  readonly header: Uint8Array;
}

interface CallFields {
  readonly block: CallBlock;
  readonly message: CallMessage;
  readonly accounts?: readonly AccountOverride[] | undefined;
  readonly blockOverride?: BlockOverride | undefined;
  /** Maximum of the gas of a call. */
  readonly maxGas: number;
}

/** Something to be computed by executing calls, whose changes are dropped. */
export type CallTask = ExecutionTask | TraceTask;

/** Transactions of a block to be executed again and observed. */
export interface TraceTask {
  readonly type: 'trace';
  /** The parent of the block. */
  readonly block: CallBlock;
  /** RLP of the header of the block. */
  readonly header: Uint8Array;
  /** RLP of its body. */
  readonly body: Uint8Array;
  /** The transaction that is traced. @default all */
  readonly index?: number | undefined;
  readonly options: TraceOptions;
}

/** A call whose changes are dropped. */
export type ExecutionTask =
  /** The output of a call. */
  | ({ readonly type: 'call' } & CallFields)
  /** The least gas with which a call succeeds, up to 1.5 %. */
  | ({ readonly type: 'estimate-gas' } & CallFields)
  /** The accounts and slots that a call accesses. */
  | ({ readonly type: 'access-list' } & CallFields);

/** Results by the type of their task. */
export interface CallResults {
  readonly call: Uint8Array;
  readonly 'estimate-gas': number;
  readonly 'access-list': AccessListResult;
  /** Texts in JSON. */
  readonly trace: readonly string[];
}

export interface AccessListResult {
  readonly accessList: readonly AccessListItem[];
  readonly gasUsed: number;
  /** Why the call failed. */
  readonly error: string | undefined;
}

export type CallResult = CallResults[CallTask['type']];
