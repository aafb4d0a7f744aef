import type { Crypto } from '@devp2p/crypto';
import { type AccessListItem, contractAddress, decodeHeader, recoverAuthority, type SealedHeader } from '@devp2p/eth';
import { CallError } from '../../errors/call-error.ts';
import { blockAuthor } from '../../validation/block-author.ts';
import type { ChainConfig } from '../../validation/chain-config.ts';
import { maxTransactionGas, transactionLimits } from '../../validation/transaction.ts';
import { type BlockContext, blockContext } from '../block/block-context.ts';
import { precompileAddresses, warmForBlock } from '../block/block-execution.ts';
import { evmBlock } from '../block/evm-factory.ts';
import { type RunOutcome, runTransaction } from '../block/run-transaction.ts';
import type { ChainEvm } from '../evm/chain-evm.ts';
import { FramePool } from '../evm/frame/frame-pool.ts';
import { addressKey, BlockState } from '../evm/state/block-state.ts';
import type { StateReader } from '../state/interfaces.ts';
import { traceBlock } from '../trace/trace-block.ts';
import { AccessedState } from './accessed.ts';
import { callContext, callFees, executableCall, limited } from './call-context.ts';
import { callFailure, plainFailure } from './call-failure.ts';
import type { AccessListResult, BlockOverride, CallResult, CallTask, ExecutionTask, TraceTask } from './call-task.ts';
import type { CallWatch } from './call-watch.ts';
import { estimateGas } from './estimate-gas.ts';
import { OverrideState, overridePrecompiles } from './override-state.ts';

/** The state after a block. */
export interface OpenedState {
  readonly state: StateReader;
  /** Hash of the block or of one of the 255 before it. */
  readonly blockHash: (number: number) => Uint8Array;
}

/** @see CallRunner */
export interface CallRunnerParts {
  readonly config: ChainConfig;
  readonly crypto: Crypto;
  readonly evm: ChainEvm;
  readonly openState: (header: SealedHeader, watch: CallWatch) => OpenedState | Promise<OpenedState>;
}

/** A call in preparation. */
export interface PreparedCall {
  readonly task: ExecutionTask;
  readonly watch: CallWatch;
  readonly header: SealedHeader;
  readonly context: BlockContext;
  readonly state: StateReader;
}

/** Choices for one execution of a call. */
export interface ExecuteOptions {
  readonly gas: number;
  /** @default that of the message */
  readonly accessList?: readonly AccessListItem[];
  /** @default none */
  readonly recorder?: AccessedState;
  /** Execution gas from Amsterdam on, at most. @default that of a transaction */
  readonly maxExecutionGas?: number;
}

/** Headers that are kept decoded. */
const maxHeaders = 16;

/** Executes calls on states, one at a time. */
export class CallRunner {
  readonly #parts: CallRunnerParts;
  readonly #headers = new Map<string, SealedHeader>();
  #pool = new FramePool();

  constructor(parts: CallRunnerParts) {
    this.#parts = parts;
  }

  /** @throws CallError; ExecutionError, StateError when the state cannot be read */
  async run(task: CallTask, watch: CallWatch): Promise<CallResult> {
    try {
      if (task.type === 'trace') return await this.#trace(task, watch);
      const call = await this.#prepare(task, watch);
      switch (task.type) {
        case 'call':
          return await this.#call(call);
        case 'estimate-gas':
          return await estimateGas(call, (options) => this.#execute(call, options));
        case 'access-list':
          return await this.#accessList(call);
      }
    } catch (error) {
      // Frames of an execution that was ended are not empty.
      this.#pool = new FramePool();
      throw error;
    }
  }

  async #trace({ block, header, body, index, options }: TraceTask, watch: CallWatch): Promise<readonly string[]> {
    const { config, crypto, evm, openState } = this.#parts;
    const opened = await openState(this.#header({ block }), watch);
    const decoded = decodeHeader(header, crypto);
    return traceBlock({ config, crypto, evm, header: decoded, body, opened, index, options, watch });
  }

  async #prepare(task: ExecutionTask, watch: CallWatch): Promise<PreparedCall> {
    const { config, crypto, openState } = this.#parts;
    const header = this.#header(task);
    const { state, blockHash } = await openState(header, watch);
    const { accounts = [], blockOverride } = task;
    // The genesis block of a Clique chain has no seal.
    const author = blockOverride?.beneficiary ?? blockAuthor(config, header, crypto) ?? new Uint8Array(20);
    return {
      task,
      watch,
      header,
      context: blockContext(config, changedFields(header, blockOverride), blockHash, author),
      state: accounts.length === 0 ? state : new OverrideState(state, accounts, crypto),
    };
  }

  async #call(call: PreparedCall): Promise<Uint8Array> {
    const { message, maxGas } = call.task;
    const gas = limited(message.gas, maxGas);
    const outcome = await this.#execute(call, { gas, maxExecutionGas: Number.POSITIVE_INFINITY });
    if (!outcome.isSuccess) throw callFailure(outcome);
    return outcome.output;
  }

  async #accessList(call: PreparedCall): Promise<AccessListResult> {
    const { message, maxGas } = call.task;
    const gas = limited(message.gas, maxGas);
    const excluded = this.#accessedAnyway(call);
    let before = new AccessedState(message.accessList ?? [], excluded);
    // Each execution accesses what the one before did, so the list only grows, within the gas.
    for (;;) {
      call.watch.expectTime();
      const accessList = before.list();
      const recorder = new AccessedState(accessList, excluded);
      const outcome = await this.#execute(call, { gas, accessList, recorder });
      if (recorder.size === before.size) {
        return {
          accessList,
          gasUsed: outcome.spent.paid,
          error: outcome.isSuccess ? undefined : plainFailure(outcome),
        };
      }
      before = recorder;
    }
  }

  /** Keys of the accounts that need no entry: sender, recipient, precompiled contracts and authorities. */
  #accessedAnyway({ task, context, state }: PreparedCall): Set<string> {
    const { crypto, config } = this.#parts;
    const { from = new Uint8Array(20), to, authorizationList = [] } = task.message;
    const created = (): Uint8Array => contractAddress(from, state.account(from)?.nonce ?? 0n, crypto);
    const keys = new Set([addressKey(from), addressKey(to ?? created())]);
    const evm = this.#parts.evm.at(evmBlock(context), new BlockState(state, crypto));
    for (const address of precompileAddresses) if (evm.isPrecompile(address)) keys.add(addressKey(address));
    for (const authorization of authorizationList) {
      const isOfChain = authorization.chainId === 0n || authorization.chainId === config.chainId;
      const authority = isOfChain ? recoverAuthority(authorization, crypto) : undefined;
      if (authority !== undefined) keys.add(addressKey(authority));
    }
    return keys;
  }

  /** Executes a call once. @throws CallError `refused`, `intrinsic-gas`, `timeout` */
  async #execute(
    { task, context: block, state: reader, watch }: PreparedCall,
    { gas, accessList, recorder, maxExecutionGas = maxTransactionGas }: ExecuteOptions,
  ): Promise<RunOutcome> {
    const { config, crypto, evm: chainEvm } = this.#parts;
    const { message, accounts = [], blockOverride = {} } = task;
    const fees = callFees(message, block.rules.london ? (block.fields.baseFeePerGas ?? 0n) : undefined);
    const context = callContext(block, fees, message, blockOverride);
    const state = new BlockState(reader, crypto);
    const evm = chainEvm.at(evmBlock(context), state, recorder, {
      watch,
      pool: this.#pool,
      ...(accounts.length > 0 && { precompiles: (contracts) => overridePrecompiles(contracts, accounts) }),
    });
    if (context.rules.berlin) warmForBlock({ context, state, evm });
    const executable = executableCall({
      message,
      fees,
      context,
      state,
      gas,
      accessList: accessList ?? message.accessList,
      maxInitCode: transactionLimits(config, context.fields).maxInitCode,
    });
    return runTransaction(executable, {
      context,
      chainId: config.chainId,
      state,
      evm,
      crypto,
      accessList: undefined,
      maxExecutionGas,
    });
  }

  #header({ block }: Pick<CallTask, 'block'>): SealedHeader {
    const key = Buffer.from(block.hash).toString('latin1');
    let header = this.#headers.get(key);
    if (header === undefined) {
      header = decodeHeader(block.header, this.#parts.crypto);
      this.#headers.set(key, header);
      const [oldest] = this.#headers.keys();
      if (this.#headers.size > maxHeaders && oldest !== undefined) this.#headers.delete(oldest);
    }
    return header;
  }
}

function changedFields(header: SealedHeader, change: BlockOverride | undefined): SealedHeader {
  if (change === undefined) return header;
  const { number, difficulty, timestamp, gasLimit, beneficiary, mixHash, baseFee } = change;
  if (number !== undefined && !Number.isSafeInteger(number))
    throw new CallError('refused', 'block number is too large');
  return {
    ...header,
    ...(number !== undefined && { number }),
    // The rules of proof of stake stay.
    ...(difficulty !== undefined && header.difficulty !== 0n && { difficulty }),
    ...(timestamp !== undefined && { timestamp }),
    ...(gasLimit !== undefined && { gasLimit }),
    ...(beneficiary && { beneficiary }),
    ...(mixHash && { mixHash }),
    ...(baseFee !== undefined && { baseFeePerGas: baseFee }),
  };
}
