import { delegationTarget } from './delegation.ts';
import { Callee, emptyBytes } from './frame/callee.ts';
import { Frame, type FrameContext } from './frame/frame.ts';
import { Program } from './frame/program.ts';
import { halted, running, succeeded } from './frame/signal.ts';
import type { Machine } from './machine.ts';
import type { Precompile, PrecompileResult } from './precompiles.ts';
import { type AccountState, isEmptyCodeHash } from './state/account-state.ts';

/** Whether a call moves a balance, only touches the callee, or runs its code in the surroundings of another account. */
export type CallKind = 'call' | 'staticcall' | 'callcode' | 'delegatecall';

/** A call that a frame, or a transaction, makes. */
export interface CallEntry {
  readonly kind: CallKind;
  /** Whose code is called. */
  readonly callee: AccountState;
  /** Whose storage and balance the code uses. */
  readonly account: AccountState;
  /** Who has to have the value. */
  readonly payer: AccountState;
  readonly caller: Uint8Array;
  readonly value: bigint;
  readonly input: Uint8Array;
  readonly isStatic: boolean;
  readonly depth: number;
  readonly gas: number;
  readonly stateGas: number;
}

/** A creation that a frame, or a transaction, makes. */
export interface CreationEntry {
  readonly creator: AccountState;
  readonly created: AccountState;
  readonly value: bigint;
  readonly initCode: Uint8Array;
  readonly depth: number;
  readonly gas: number;
  readonly stateGas: number;
}

/**
 * Enters a call.
 *
 * @returns a frame, which is now the deepest one of the machine, or a call that has ended: at an account without code or a
 *   precompiled contract, or because it is not possible
 */
export function enterCall(machine: Machine, entry: CallEntry): Callee | Promise<Callee> {
  const { state, rules } = machine;
  const { kind, callee: account, value, input, gas, stateGas } = entry;
  const paid = kind === 'call' || kind === 'callcode' ? value : 0n;
  const error = machine.refusal(entry.payer, paid, entry.depth);
  if (error !== undefined) return refuse(gas, stateGas, error);
  const precompile = machine.precompiles.get(account.key);
  if (kind === 'call' && !account.exists && precompile === undefined && rules.isSpuriousDragon && value === 0n) {
    return succeed(new Callee(gas, stateGas));
  }
  const logCount = machine.logs.length;
  state.checkpoint();
  if (kind === 'call') machine.transfer(entry.payer, account, value);
  else if (kind === 'staticcall') state.setBalanceOf(account, account.balance);

  if (precompile !== undefined) return runPrecompile(machine, entry, precompile, logCount);
  const source = codeSource(machine, account);
  if (isEmptyCodeHash(source.codeHash)) {
    state.commit();
    return succeed(new Callee(gas, stateGas));
  }
  const program = machine.programs.get(source.codeHash, state.codeOf(source));
  const { caller, isStatic, depth } = entry;
  const context = { account: entry.account, caller, value, input, program, isStatic, isCreation: false, depth };
  return push(machine, context, gas, stateGas, logCount);
}

/**
 * Enters a creation.
 *
 * @returns a frame, which is now the deepest one of the machine, or a creation that has ended
 */
export function enterCreation(machine: Machine, entry: CreationEntry): Callee {
  const { state, rules } = machine;
  const { creator, created, value, initCode, depth, gas, stateGas } = entry;
  if (rules.isBerlin) state.warm(created);
  if (created.nonce > 0n || !isEmptyCodeHash(created.codeHash)) {
    const callee = refuse(gas, stateGas, 'collision');
    callee.endHalted();
    return callee;
  }
  const logCount = machine.logs.length;
  state.checkpoint();
  state.markCreatedOf(created);
  if (rules.isSpuriousDragon) state.setNonceOf(created, 1n);
  machine.transfer(creator, created, value);
  const context = {
    account: created,
    caller: creator.address,
    value,
    input: emptyBytes,
    program: new Program(initCode),
    isStatic: false,
    isCreation: true,
    depth,
  };
  return push(machine, context, gas, stateGas, logCount);
}

function push(
  machine: Machine,
  context: Omit<FrameContext, 'stack' | 'memory' | 'logCount' | 'refund'>,
  gas: number,
  stateGas: number,
  logCount: number,
): Frame {
  const { depth } = context;
  const stack = machine.pool.stack(depth);
  const memory = machine.pool.memory(depth);
  const frame = new Frame({ ...context, stack, memory, logCount, refund: machine.refund }, gas, stateGas);
  machine.frames.push(frame);
  return frame;
}

/** The account whose code an account runs: another one if it is delegated (EIP-7702). */
function codeSource({ rules, state }: Machine, account: AccountState): AccountState {
  if (!rules.isPrague || isEmptyCodeHash(account.codeHash)) return account;
  const delegation = delegationTarget(state.codeOf(account));
  return delegation === undefined ? account : state.load(delegation);
}

function runPrecompile(
  machine: Machine,
  { input, gas, stateGas }: CallEntry,
  precompile: Precompile,
  logCount: number,
): Callee | Promise<Callee> {
  const end = ({ isSuccess, gasLeft, output }: PrecompileResult): Callee => {
    const callee = new Callee(gasLeft, stateGas);
    if (isSuccess) {
      machine.state.commit();
      callee.output = output;
      return succeed(callee);
    }
    machine.state.revert();
    machine.logs.length = logCount;
    callee.end = halted;
    callee.error = 'precompile';
    callee.endHalted();
    return callee;
  };
  const result = precompile(input.slice(), gas);
  return result instanceof Promise ? result.then(end) : end(result);
}

function succeed(callee: Callee): Callee {
  callee.end = succeeded;
  return callee;
}

function refuse(gas: number, stateGas: number, error: Callee['error']): Callee {
  const callee = new Callee(gas, stateGas);
  callee.end = halted;
  callee.error = error;
  return callee;
}

/** Whether the code of a callee is still to be executed. */
export function isRunning(callee: Callee): callee is Frame {
  return callee.end === running;
}
