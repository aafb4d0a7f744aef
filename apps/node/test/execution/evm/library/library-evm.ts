import type { Common } from '@ethereumjs/common';
import {
  type AddPrecompile,
  EVM,
  EVMError,
  type EVMMockBlockchainInterface,
  type EVMOpts,
  type ExecResult,
  NobleBN254,
} from '@ethereumjs/evm';
import { Address, BlockLevelAccessList, type PrefixedHexString } from '@ethereumjs/util';
import type {
  AccessRecorder,
  BlockEvm,
  EvmBlock,
  EvmCall,
  EvmErrorCode,
  EvmOutcome,
} from '../../../../src/execution/evm/evm.ts';
import type { BlockState } from '../../../../src/execution/evm/state/block-state.ts';
import { createJournal } from './journal.ts';
import { LibraryStateManager } from './state-manager.ts';

/** Options of {@link createLibraryEvm}. */
export interface LibraryEvmOptions {
  readonly common: Common;
  readonly state: BlockState;
  readonly block: EvmBlock;
  /** Replaces a precompiled contract of the library. */
  readonly precompiles?: AddPrecompile[] | undefined;
  /** From Amsterdam on. */
  readonly recorder?: AccessRecorder | undefined;
}

/** Creates the EVM of `@ethereumjs/evm` on the state of a block, with its own interpreter. */
export function createLibraryEvm({ common, state, block, precompiles, recorder }: LibraryEvmOptions): BlockEvm {
  const options: EVMOpts = {
    common,
    stateManager: new LibraryStateManager(state),
    blockchain: ancestors(block),
    bn254: new NobleBN254(),
    ...(precompiles === undefined ? {} : { customPrecompiles: precompiles }),
    ...(recorder === undefined ? {} : { blockLevelAccessList: new RecordingAccessList(recorder) }),
  };
  const evm = new EVM(options);
  // Its constructor waits for changes of the fork, which would keep the EVM alive as long as the parameters.
  common.events.removeAllListeners();
  evm.journal = createJournal(state) as EVM['journal'];
  const header = {
    number: BigInt(block.number),
    timestamp: BigInt(block.timestamp),
    coinbase: new Address(block.beneficiary),
    difficulty: block.difficulty,
    prevRandao: block.mixHash,
    gasLimit: BigInt(block.gasLimit),
    baseFeePerGas: block.baseFee,
    slotNumber: block.slotNumber,
    getBlobGasPrice: () => block.blobBaseFee,
  };
  return {
    isPrecompile: (address) => evm.getPrecompile(new Address(address)) !== undefined,
    async call(call) {
      evm.stateGasReservoir = BigInt(call.stateGas);
      evm.executionStateGasUsed = 0n;
      evm.eip2780PrepOog = false;
      evm.createdAccountStateGas = new Map();
      const { execResult } = await evm.runCall({
        caller: new Address(call.caller),
        ...(call.to === undefined ? {} : { to: new Address(call.to) }),
        value: call.value,
        data: call.input,
        gasLimit: BigInt(call.gas),
        gasPrice: call.gasPrice,
        block: { header },
        blobVersionedHashes: call.blobHashes.map(hex),
        skipNonceIncrement: true,
      });
      if (state.failure !== undefined) throw state.failure.error;
      return outcome(evm, call, execResult);
    },
  };
}

function outcome(evm: EVM, call: EvmCall, result: ExecResult): EvmOutcome {
  const { exceptionError, createdAddresses, selfdestruct = new Map() } = result;
  const isOnlyCreated = evm.common.isActivatedEIP(6780);
  const destroyed = [...selfdestruct.keys()].filter((address) => !isOnlyCreated || createdAddresses?.has(address));
  return {
    isSuccess: exceptionError === undefined,
    error: exceptionError === undefined ? undefined : (errorCodes.get(exceptionError.error) ?? 'precompile'),
    isUnprepared: evm.eip2780PrepOog,
    gasLeft: call.gas - Number(result.executionGasUsed),
    stateGasLeft: Number(evm.stateGasReservoir),
    stateGasUsed: Number(evm.executionStateGasUsed),
    refund: Number(result.gasRefund ?? 0n),
    output: result.returnValue,
    logs: (result.logs ?? []).map(([address, topics, data]) => ({ address, topics, data })),
    destroyed: destroyed.map(fromHex),
  };
}

const errors = EVMError.errorMessages;
const errorCodes: ReadonlyMap<string, EvmErrorCode> = new Map([
  [errors.OUT_OF_GAS, 'out-of-gas'],
  [errors.CODESTORE_OUT_OF_GAS, 'code-store-out-of-gas'],
  [errors.CODESIZE_EXCEEDS_MAXIMUM, 'code-size'],
  [errors.INITCODE_SIZE_VIOLATION, 'init-code-size'],
  [errors.INVALID_BYTECODE_RESULT, 'invalid-code'],
  [errors.STACK_UNDERFLOW, 'stack-underflow'],
  [errors.STACK_OVERFLOW, 'stack-overflow'],
  [errors.INVALID_JUMP, 'invalid-jump'],
  [errors.INVALID_OPCODE, 'invalid-opcode'],
  [errors.STATIC_STATE_CHANGE, 'static-state-change'],
  [errors.CREATE_COLLISION, 'collision'],
  [errors.INSUFFICIENT_BALANCE, 'insufficient-balance'],
  [errors.REVERT, 'revert'],
]);

/** The library reads hashes of ancestors through blocks of a chain. */
function ancestors(block: EvmBlock): EVMMockBlockchainInterface {
  return {
    getBlock: async (number) => ({ hash: () => Uint8Array.from(block.blockHash(number)) }),
    putBlock: async () => {},
    shallowCopy: () => ancestors(block),
  };
}

/** Passes on which accounts and slots the library accesses; what they change to is seen in the state. */
class RecordingAccessList extends BlockLevelAccessList {
  readonly #recorder: AccessRecorder;

  constructor(recorder: AccessRecorder) {
    super();
    this.#recorder = recorder;
  }

  override addAddress(address: PrefixedHexString): void {
    this.#recorder.account(fromHex(address));
  }

  override addStorageRead(address: PrefixedHexString, key: Uint8Array): void {
    this.#recorder.slot(fromHex(address), BigInt(hex(key)));
  }

  override addStorageWrite(address: PrefixedHexString, key: Uint8Array): void {
    this.addStorageRead(address, key);
  }

  // The accounts of these calls are recorded by their accesses, but for the caller of a system call, which is not listed.
  override addBalanceChange(): void {}
  override addNonceChange(): void {}
  override addCodeChange(): void {}

  override checkpoint(): void {}
  override commit(): void {}
  override revert(): void {}
}

function hex(bytes: Uint8Array): PrefixedHexString {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.slice(2), 'hex'));
}
