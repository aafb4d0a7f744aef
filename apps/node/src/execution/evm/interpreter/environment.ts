import type { Frame } from '../frame/frame.ts';
import { running, type Signal } from '../frame/signal.ts';
import type { Machine } from '../machine.ts';
import { type AccountState, addressWord, isEmptyAccount } from '../state/account-state.ts';
import { addressOf, readWord, wordOf } from '../words.ts';

export function address(frame: Frame): Signal {
  return push(frame, addressWord(frame.account));
}

export function balance(frame: Frame, machine: Machine): Signal {
  const account = access(frame, machine);
  return account === undefined ? frame.halt('out-of-gas') : replace(frame, account.balance);
}

export function origin(frame: Frame, machine: Machine): Signal {
  return push(frame, wordOf(machine.message.caller));
}

export function caller(frame: Frame): Signal {
  return push(frame, addressWord(frame.caller));
}

export function callValue(frame: Frame): Signal {
  return push(frame, frame.value);
}

export function callDataLoad(frame: Frame): Signal {
  const { input } = frame;
  const offset = Number(frame.stack[frame.sp - 1]);
  if (offset + 32 <= input.length) return replace(frame, readWord(frame.inputView, offset));
  if (offset >= input.length) return replace(frame, 0n);
  const missing = offset + 32 - input.length;
  return replace(frame, wordOf(input.subarray(offset)) << BigInt(8 * missing));
}

export function callDataSize(frame: Frame): Signal {
  return push(frame, BigInt(frame.input.length));
}

export function codeSize(frame: Frame): Signal {
  return push(frame, BigInt(frame.program.length));
}

export function gasPrice(frame: Frame, machine: Machine): Signal {
  return push(frame, machine.message.gasPrice);
}

export function externalCodeSize(frame: Frame, machine: Machine): Signal {
  const account = access(frame, machine);
  if (account === undefined) return frame.halt('out-of-gas');
  return replace(frame, BigInt(machine.state.codeOf(account).length));
}

export function externalCodeHash(frame: Frame, machine: Machine): Signal {
  const account = access(frame, machine);
  if (account === undefined) return frame.halt('out-of-gas');
  return replace(frame, isEmptyAccount(account) ? 0n : wordOf(account.codeHash));
}

export function returnDataSize(frame: Frame): Signal {
  return push(frame, BigInt(frame.returnData.length));
}

export function blockHash(frame: Frame, machine: Machine): Signal {
  const number = Number(frame.stack[frame.sp - 1]);
  const isKnown = number < machine.block.number && number >= machine.block.number - 256;
  return replace(frame, isKnown ? wordOf(machine.block.blockHash(number)) : 0n);
}

export function beneficiary(frame: Frame, machine: Machine): Signal {
  return push(frame, wordOf(machine.block.beneficiary));
}

export function timestamp(frame: Frame, machine: Machine): Signal {
  return push(frame, BigInt(machine.block.timestamp));
}

export function blockNumber(frame: Frame, machine: Machine): Signal {
  return push(frame, BigInt(machine.block.number));
}

/** DIFFICULTY, which is PREVRANDAO from Paris on (EIP-4399). */
export function difficulty(frame: Frame, machine: Machine): Signal {
  return push(frame, machine.rules.isMerged ? wordOf(machine.block.mixHash) : machine.block.difficulty);
}

export function gasLimit(frame: Frame, machine: Machine): Signal {
  return push(frame, BigInt(machine.block.gasLimit));
}

export function chainId(frame: Frame, machine: Machine): Signal {
  return push(frame, machine.chainId);
}

export function selfBalance(frame: Frame): Signal {
  return push(frame, frame.account.balance);
}

export function baseFee(frame: Frame, machine: Machine): Signal {
  return push(frame, machine.block.baseFee);
}

export function blobHash(frame: Frame, machine: Machine): Signal {
  const hash = machine.message.blobHashes[Number(frame.stack[frame.sp - 1])];
  return replace(frame, hash === undefined ? 0n : wordOf(hash));
}

export function blobBaseFee(frame: Frame, machine: Machine): Signal {
  return push(frame, machine.block.blobBaseFee);
}

export function slotNumber(frame: Frame, machine: Machine): Signal {
  return push(frame, machine.block.slotNumber);
}

/** The account on top of the stack, when there is enough gas for its first access (EIP-2929). */
function access(frame: Frame, machine: Machine): AccountState | undefined {
  const account = machine.state.load(addressOf(frame.stack[frame.sp - 1] as bigint));
  frame.gas -= machine.accessGas(account);
  if (frame.gas < 0) return undefined;
  machine.recorder?.account(account.address);
  return account;
}

function push(frame: Frame, word: bigint): typeof running {
  frame.stack[frame.sp++] = word;
  return running;
}

function replace(frame: Frame, word: bigint): typeof running {
  frame.stack[frame.sp - 1] = word;
  return running;
}
