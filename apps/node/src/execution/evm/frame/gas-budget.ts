/**
 * Gas of a call. From Amsterdam on it includes a reservoir for new state; state gas beyond it is taken from the other gas
 * (EIP-8037). Before, all state gas is 0.
 */
export class GasBudget {
  gas: number;
  /** The reservoir. */
  stateGas: number;
  /** State gas charged by this call and its successful callees, less refunds; below 0 for more refunds. */
  stateGasUsed = 0;
  /** The part of it that was taken from `gas`. */
  spilled = 0;

  constructor(gas: number, stateGas: number) {
    this.gas = gas;
    this.stateGas = stateGas;
  }

  /** Charges state gas. @returns whether there was enough; if not, nothing is charged */
  chargeState(amount: number): boolean {
    const beyond = Math.max(amount - this.stateGas, 0);
    if (beyond > this.gas) return false;
    this.gas -= beyond;
    this.stateGas -= amount - beyond;
    this.stateGasUsed += amount;
    this.spilled += beyond;
    return true;
  }

  /** Gives back state gas: first to the gas that it was taken from. */
  refundState(amount: number): void {
    const repaid = Math.min(amount, this.spilled);
    this.gas += repaid;
    this.spilled -= repaid;
    this.stateGas += amount - repaid;
    this.stateGasUsed -= amount;
  }

  /** Ends a call that reverts: its state gas is given back. */
  endReverted(): void {
    this.gas += this.spilled;
    this.#restoreReservoir();
  }

  /** Ends a call that fails otherwise: its state gas is given back, and all other gas is lost. */
  endHalted(): void {
    this.gas = 0;
    this.#restoreReservoir();
  }

  /** Takes over the gas of a callee that has ended, to which the reservoir was passed on. */
  absorb(callee: GasBudget): void {
    this.gas += callee.gas;
    this.stateGas = callee.stateGas;
    this.stateGasUsed += callee.stateGasUsed;
    this.spilled += callee.spilled;
    // The callee may have refunded state gas that this call took from its gas.
    const repaid = Math.min(this.stateGas, this.spilled);
    this.gas += repaid;
    this.stateGas -= repaid;
    this.spilled -= repaid;
  }

  #restoreReservoir(): void {
    this.stateGas = Math.max(this.stateGas + this.stateGasUsed - this.spilled, 0);
    this.stateGasUsed = 0;
    this.spilled = 0;
  }
}
