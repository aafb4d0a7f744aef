/**
 * Gas of a transaction while it is executed. From Amsterdam on it includes a reservoir for new state; state gas beyond
 * it is taken from the other gas (EIP-8037).
 */
export class GasBudget {
  gas: number;
  stateGas: number;
  stateGasUsed = 0;

  constructor(gas: number, stateGas: number) {
    this.gas = gas;
    this.stateGas = stateGas;
  }

  /** Takes gas. @returns whether there was enough; if not, nothing is taken */
  charge(gas: number, stateGas: number): boolean {
    const beyond = Math.max(stateGas - this.stateGas, 0);
    if (gas + beyond > this.gas) return false;
    this.gas -= gas + beyond;
    this.stateGas -= stateGas - beyond;
    this.stateGasUsed += stateGas;
    return true;
  }
}
