import type { Frame } from '../frame/frame.ts';
import { type Signal, succeeded } from '../frame/signal.ts';
import type { Machine } from '../machine.ts';
import { accountWriteGas, newAccountStateGas, selfdestructNewAccountGas, selfdestructRefund } from '../rules/gas.ts';
import { type AccountState, isEmptyAccount } from '../state/account-state.ts';
import { addressOf } from '../words.ts';

export function selfDestruct(frame: Frame, machine: Machine): Signal {
  if (frame.isStatic) return frame.halt('static-state-change');
  const { state, rules } = machine;
  const { account } = frame;
  const { balance } = account;
  const beneficiary = state.load(addressOf(frame.stack[--frame.sp] as bigint));
  if (!charge(frame, machine, beneficiary)) return frame.halt('out-of-gas');
  if (!rules.isLondon && !account.isDestroyed) machine.refund += selfdestructRefund;

  machine.tracer?.selfDestruct(account.address, beneficiary.address, balance);
  const isOther = beneficiary !== account;
  // From Cancun on only a contract of the same transaction is removed (EIP-6780).
  const isRemoved = !rules.isCancun || account.isCreated;
  if (isOther) {
    state.setBalanceOf(beneficiary, beneficiary.balance + balance);
    state.setBalanceOf(account, 0n);
  } else if (isRemoved && !rules.isAmsterdam) {
    // Its own balance is burnt, until Amsterdam (EIP-8246).
    state.setBalanceOf(account, 0n);
  }
  if (isRemoved) state.markDestroyedOf(account);
  if (rules.isAmsterdam && isOther) machine.logTransfer(account.address, beneficiary.address, balance);
  return succeeded;
}

function charge(frame: Frame, machine: Machine, beneficiary: AccountState): boolean {
  const { state, rules } = machine;
  if (rules.isBerlin && !state.warm(beneficiary)) frame.gas -= rules.coldAccountGas;
  if (frame.gas < 0) return false;
  machine.recorder?.account(beneficiary.address);
  if (!rules.isTangerineWhistle) return true;
  const isNew = rules.isSpuriousDragon
    ? isEmptyAccount(beneficiary) && frame.account.balance > 0n
    : !beneficiary.exists;
  if (!isNew) return true;
  frame.gas -= rules.isAmsterdam ? accountWriteGas : selfdestructNewAccountGas;
  return frame.gas >= 0 && (!rules.isAmsterdam || frame.chargeState(newAccountStateGas));
}
