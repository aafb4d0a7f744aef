import type { Crypto } from '@devp2p/crypto';
import type { AccessRecorder, EvmBlock, EvmCall, EvmErrorCode, Log } from './evm.ts';
import type { Frame } from './frame/frame.ts';
import type { FramePool } from './frame/frame-pool.ts';
import type { ProgramCache } from './frame/program-cache.ts';
import { byteLength } from './interpreter/arithmetic.ts';
import type { Precompiles } from './precompiles.ts';
import type { EvmRules } from './rules/evm-rules.ts';
import { expGas, warmGas } from './rules/gas.ts';
import type { AccountState } from './state/account-state.ts';
import type { BlockState } from './state/block-state.ts';
import type { ExecutionTracer } from './tracer.ts';
import { transferLog } from './transfer-log.ts';
import type { ExecutionWatch } from './watch.ts';
import { wordOf } from './words.ts';

/** The deepest frame; that of a transaction has depth 0. */
const maxDepth = 1024;
const maxNonce = 2n ** 64n - 1n;

/** The part of a machine that is the same for all calls in a block. */
export interface MachineContext {
  readonly rules: EvmRules;
  readonly chainId: bigint;
  readonly state: BlockState;
  readonly block: EvmBlock;
  readonly precompiles: Precompiles;
  readonly programs: ProgramCache;
  readonly pool: FramePool;
  readonly keccak256: Crypto['keccak256'];
  readonly recorder: AccessRecorder | undefined;
  /** Absent for blocks, which their gas bounds. */
  readonly watch?: ExecutionWatch | undefined;
  readonly tracer?: ExecutionTracer | undefined;
}

/** Executes one call of a transaction with all calls that follow from it. */
export class Machine implements MachineContext {
  readonly rules: EvmRules;
  readonly chainId: bigint;
  readonly state: BlockState;
  readonly block: EvmBlock;
  readonly precompiles: Precompiles;
  readonly programs: ProgramCache;
  readonly pool: FramePool;
  readonly keccak256: Crypto['keccak256'];
  readonly recorder: AccessRecorder | undefined;
  readonly watch: ExecutionWatch | undefined;
  readonly tracer: ExecutionTracer | undefined;
  readonly message: EvmCall;
  readonly logs: Log[] = [];
  refund = 0;
  /** The frames that were entered and have not ended, the deepest one last. */
  readonly frames: Frame[] = [];
  /** Resolved when the precompiled contract that is being executed has ended. */
  pending: Promise<void> | undefined;

  constructor(context: MachineContext, message: EvmCall) {
    this.rules = context.rules;
    this.chainId = context.chainId;
    this.state = context.state;
    this.block = context.block;
    this.precompiles = context.precompiles;
    this.programs = context.programs;
    this.pool = context.pool;
    this.keccak256 = context.keccak256;
    this.recorder = context.recorder;
    this.watch = context.watch;
    this.tracer = context.tracer;
    this.message = message;
  }

  keccakWord(data: Uint8Array): bigint {
    return wordOf(this.keccak256(data));
  }

  expGas(exponent: bigint): number {
    return expGas + this.rules.expByteGas * byteLength(exponent);
  }

  /** Gas of an access of an account besides that of a repeated one, which is part of the constant gas (EIP-2929). */
  accessGas(account: AccountState): number {
    return this.rules.isBerlin && !this.state.warm(account) ? this.rules.coldAccountGas - warmGas : 0;
  }

  /** Why a call or creation is not entered; it then fails without losing its gas. */
  refusal(payer: AccountState, value: bigint, depth: number): EvmErrorCode | undefined {
    if (depth > maxDepth) return 'depth';
    return payer.balance < value ? 'insufficient-balance' : undefined;
  }

  creationRefusal(creator: AccountState, value: bigint, depth: number): EvmErrorCode | undefined {
    return this.refusal(creator, value, depth) ?? (creator.nonce >= maxNonce ? 'nonce-overflow' : undefined);
  }

  /** Moves a balance, which may be 0: the receiver is touched, and created if it does not exist. */
  transfer(payer: AccountState, receiver: AccountState, value: bigint): void {
    if (value > 0n) this.state.setBalanceOf(payer, payer.balance - value);
    this.state.setBalanceOf(receiver, receiver.balance + value);
    if (this.rules.isAmsterdam && payer !== receiver) this.logTransfer(payer.address, receiver.address, value);
  }

  /** EIP-7708. */
  logTransfer(from: Uint8Array, to: Uint8Array, value: bigint): void {
    if (value === 0n) return;
    const log = transferLog(from, to, value);
    this.logs.push(log);
    this.tracer?.log(log);
  }
}
