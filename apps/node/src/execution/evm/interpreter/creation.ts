import { concatBytes } from '@devp2p/bytes';
import { contractAddress } from '@devp2p/eth';
import { enterCreation } from '../entry.ts';
import { proceed } from '../exit.ts';
import { emptyBytes, type Frame } from '../frame/frame.ts';
import { running, type Signal } from '../frame/signal.ts';
import type { Machine } from '../machine.ts';
import { initCodeWordGas, keccakWordGas, newAccountStateGas } from '../rules/gas.ts';
import { isEmptyAccount } from '../state/account-state.ts';
import { wordBytes } from '../words.ts';

export function create(frame: Frame, machine: Machine): Signal {
  return enter(frame, machine, false);
}

/** EIP-1014. */
export function create2(frame: Frame, machine: Machine): Signal {
  return enter(frame, machine, true);
}

function enter(frame: Frame, machine: Machine, hasSalt: boolean): Signal {
  if (frame.isStatic) return frame.halt('static-state-change');
  const { stack, memory, account } = frame;
  const { rules } = machine;
  const value = stack[--frame.sp] as bigint;
  const offset = Number(stack[--frame.sp]);
  const length = Number(stack[--frame.sp]);
  const salt = hasSalt ? (stack[--frame.sp] as bigint) : undefined;

  if (length > rules.maxInitCodeSize) return frame.halt('init-code-size');
  const wordGas = (rules.isShanghai ? initCodeWordGas : 0) + (hasSalt ? keccakWordGas : 0);
  frame.gas = memory.require(offset, length, frame.gas - wordGas * Math.ceil(length / 32));
  if (frame.gas < 0) return frame.halt('out-of-gas');

  const code = memory.part(offset, length);
  const created = machine.state.load(
    salt === undefined
      ? contractAddress(account.address, account.nonce, machine)
      : saltedAddress(machine, account.address, wordBytes(salt), code),
  );
  const refusal = machine.creationRefusal(account, value, frame.depth + 1);
  if (refusal !== undefined) {
    machine.tracer?.refuseCreation(frame, created.address, value, code, refusal);
    frame.returnData = emptyBytes;
    stack[frame.sp++] = 0n;
    return running;
  }
  let refundsNewAccount = false;
  if (rules.isAmsterdam) {
    machine.recorder?.account(created.address);
    refundsNewAccount = isEmptyAccount(created);
    if (refundsNewAccount && !frame.chargeState(newAccountStateGas)) return frame.halt('out-of-gas');
  }
  const gas = rules.isTangerineWhistle ? frame.gas - Math.floor(frame.gas / 64) : frame.gas;
  frame.gas -= gas;
  frame.callee = created;
  frame.refundsNewAccount = refundsNewAccount;
  machine.state.setNonceOf(account, account.nonce + 1n);
  const callee = machine.pool.frame(frame.depth + 1, created);
  callee.begin(created, account, value, emptyBytes, false, true, gas, frame.stateGas);
  enterCreation(machine, callee, code);
  return proceed(frame, callee, undefined, machine);
}

/** The address of a contract that CREATE2 creates. */
function saltedAddress(machine: Machine, creator: Uint8Array, salt: Uint8Array, initCode: Uint8Array): Uint8Array {
  const bytes = concatBytes(Uint8Array.of(0xff), creator, salt, machine.keccak256(initCode));
  return machine.keccak256(bytes).subarray(12);
}
