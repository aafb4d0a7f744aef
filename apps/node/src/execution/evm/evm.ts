/** A log: address (20 bytes), topics (32 bytes each), data. */
export interface Log {
  readonly address: Uint8Array;
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
}

/** The block in which code runs, as far as code can read it. */
export interface EvmBlock {
  readonly number: number;
  /** In seconds. */
  readonly timestamp: number;
  readonly beneficiary: Uint8Array;
  readonly gasLimit: number | bigint;
  /** 0 for a block of proof of stake. */
  readonly difficulty: bigint;
  /** 32 bytes; the random value of the beacon chain from Paris on (EIP-4399). */
  readonly mixHash: Uint8Array;
  /** In wei; 0 before London. */
  readonly baseFee: bigint;
  /** In wei; 0 before Cancun. */
  readonly blobBaseFee: bigint;
  /** From Amsterdam on (EIP-7843). */
  readonly slotNumber: bigint;
  /** Hash of one of the 256 blocks before this one. */
  readonly blockHash: (number: number) => Uint8Array;
}

/** A call of a transaction, or of the protocol, into the EVM. */
export interface EvmCall {
  /** 20 bytes. Its nonce is increased before the call, also for a creation. */
  readonly caller: Uint8Array;
  /** Absent for a creation. */
  readonly to: Uint8Array | undefined;
  readonly value: bigint;
  /** Calldata, or init code of a creation. */
  readonly input: Uint8Array;
  readonly gas: number;
  /** Reservoir of state gas; 0 before Amsterdam (EIP-8037). */
  readonly stateGas: number;
  /** In wei. */
  readonly gasPrice: bigint;
  /** Versioned hashes of the transaction's blobs. */
  readonly blobHashes: readonly Uint8Array[];
}

/** The outcome of an {@link EvmCall}. The state has the changes of a successful call, and none of a failed one. */
export interface EvmOutcome {
  readonly isSuccess: boolean;
  /** Why the call failed; absent for a successful one. */
  readonly error: EvmErrorCode | undefined;
  /**
   * From Amsterdam on: whether the gas did not cover the charges for the recipient or for the new contract, so that
   * delegations of the transaction are undone as well (EIP-2780).
   */
  readonly isUnprepared: boolean;
  readonly gasLeft: number;
  readonly stateGasLeft: number;
  /** State gas that was used, from the reservoir or from `gas`. */
  readonly stateGasUsed: number;
  /** The refund counter. */
  readonly refund: number;
  readonly output: Uint8Array;
  readonly logs: readonly Log[];
  /** Accounts that are removed at the end of the transaction. */
  readonly destroyed: readonly Uint8Array[];
}

/** Why a call failed. Which code it is has no effect on the state, except that of a revert. */
export type EvmErrorCode =
  | 'out-of-gas'
  | 'code-store-out-of-gas'
  | 'code-size'
  | 'init-code-size'
  | 'invalid-code'
  | 'stack-underflow'
  | 'stack-overflow'
  | 'invalid-jump'
  | 'invalid-opcode'
  | 'static-state-change'
  | 'return-data-bounds'
  | 'collision'
  | 'insufficient-balance'
  | 'depth'
  | 'nonce-overflow'
  | 'precompile'
  | 'revert';

/** Receives the accesses of accounts and slots that belong into the access list of the block (EIP-7928). */
export interface AccessRecorder {
  /** @param address 20 bytes, which do not change afterwards */
  account(address: Uint8Array): void;
  slot(address: Uint8Array, slot: bigint): void;
}

/** The EVM on the state of a block. */
export interface BlockEvm {
  /** @throws the error of the state's reader, or a bug; never for a failed call */
  call(call: EvmCall): EvmOutcome | Promise<EvmOutcome>;
  /** Whether an address is a precompiled contract in this block. */
  isPrecompile(address: Uint8Array): boolean;
}

/** The outcome of a call that failed before its first instruction. The reservoir of state gas stays (EIP-8037). */
export function unpreparedOutcome(stateGas: number): EvmOutcome {
  return {
    isSuccess: false,
    error: 'out-of-gas',
    isUnprepared: true,
    gasLeft: 0,
    stateGasLeft: stateGas,
    stateGasUsed: 0,
    refund: 0,
    output: new Uint8Array(0),
    logs: [],
    destroyed: [],
  };
}
