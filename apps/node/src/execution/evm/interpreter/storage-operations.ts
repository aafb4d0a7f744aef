import type { Frame } from '../frame/frame.ts';
import { running, type Signal } from '../frame/signal.ts';
import type { Machine } from '../machine.ts';
import { coldSlotGas, newSlotStateGas, sstoreSentry, warmGas } from '../rules/gas.ts';
import type { GrossSstoreRules, NetSstoreRules } from '../rules/sstore-rules.ts';
import type { SlotState } from '../state/account-state.ts';

export function storageLoad(frame: Frame, machine: Machine): Signal {
  const slot = machine.state.slotOf(frame.account, frame.stack[frame.sp - 1] as bigint);
  if (machine.rules.isBerlin && !machine.state.warmSlot(slot)) {
    frame.gas -= coldSlotGas - warmGas;
    if (frame.gas < 0) return frame.halt('out-of-gas');
  }
  machine.recorder?.slot(frame.account.address, slot.slot);
  frame.stack[frame.sp - 1] = slot.value;
  return running;
}

export function storageStore(frame: Frame, machine: Machine): Signal {
  if (frame.isStatic) return frame.halt('static-state-change');
  const { sstore } = machine.rules;
  if (sstore.isNet && sstore.hasSentry && frame.gas <= sstoreSentry) return frame.halt('out-of-gas');
  const number = frame.stack[--frame.sp] as bigint;
  const value = frame.stack[--frame.sp] as bigint;
  const slot = machine.state.slotOf(frame.account, number);
  if (sstore.isNet) {
    if (machine.rules.isBerlin) {
      frame.gas -= machine.state.warmSlot(slot) ? sstore.warm : sstore.cold;
      if (frame.gas < 0) return frame.halt('out-of-gas');
    }
    machine.recorder?.slot(frame.account.address, number);
    if (!chargeNet(frame, machine, sstore, slot, value)) return frame.halt('out-of-gas');
  } else {
    frame.gas -= grossGas(machine, sstore, slot, value);
  }
  if (frame.gas < 0) return frame.halt('out-of-gas');
  machine.state.setSlot(slot, value);
  return running;
}

export function transientLoad(frame: Frame, machine: Machine): Signal {
  const number = frame.stack[frame.sp - 1] as bigint;
  frame.stack[frame.sp - 1] = machine.state.transientStorage(frame.account, number);
  return running;
}

export function transientStore(frame: Frame, machine: Machine): Signal {
  if (frame.isStatic) return frame.halt('static-state-change');
  const number = frame.stack[--frame.sp] as bigint;
  const value = frame.stack[--frame.sp] as bigint;
  machine.state.setTransientStorage(frame.account, number, value);
  return running;
}

function grossGas(machine: Machine, rules: GrossSstoreRules, slot: SlotState, value: bigint): number {
  if (slot.value === 0n) return value === 0n ? rules.reset : rules.set;
  if (value === 0n) machine.refund += rules.clearRefund;
  return rules.reset;
}

/** @returns whether the state gas is sufficient */
function chargeNet(frame: Frame, machine: Machine, rules: NetSstoreRules, slot: SlotState, value: bigint): boolean {
  const { value: current, original } = slot;
  if (current === value) {
    frame.gas -= rules.dirty;
    return true;
  }
  const { isAmsterdam } = machine.rules;
  if (original === current) {
    frame.gas -= original === 0n ? rules.set : rules.reset;
    if (original !== 0n && value === 0n) machine.refund += rules.clearRefund;
    return original !== 0n || !isAmsterdam || (frame.gas >= 0 && frame.chargeState(newSlotStateGas));
  }
  frame.gas -= rules.dirty;
  if (original !== 0n) {
    if (current === 0n) machine.refund -= rules.clearRefund;
    else if (value === 0n) machine.refund += rules.clearRefund;
  }
  if (original === value) {
    machine.refund += original === 0n ? rules.unsetRefund : rules.unresetRefund;
    if (original === 0n && isAmsterdam) frame.refundState(newSlotStateGas);
  }
  return true;
}
