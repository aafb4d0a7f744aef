/** Maximum gas limit of a transaction from Osaka on, and of its execution from Amsterdam on (EIP-7825, EIP-8037). */
export const maxTransactionGas: number = 2 ** 24;
/** Maximum gas limit of a transaction from Amsterdam on (go-ethereum's `MaxTxTotalGas`). */
export const maxTotalGas: number = 2 ** 32 - 1;

/** Gas of a state access and of a write to an account from Amsterdam on (EIP-8038, as in go-ethereum v1.17.10). */
export const coldAccountGas = 3000;
export const warmAccountGas = 100;
export const accountWriteGas = 9000;

/** State gas of new state from Amsterdam on (EIP-8037). */
const stateGasPerByte = 1530;
export const newAccountStateGas: number = 120 * stateGasPerByte;
export const newDelegationStateGas: number = 23 * stateGasPerByte;
const newSlotStateGas = 64 * stateGasPerByte;

/** Gas of a call of the protocol to a system contract (EIP-4788). */
export const systemCallGas = 30_000_000;
/** State gas of such a call from Amsterdam on: that of 16 new slots (EIP-8037's SYSTEM_MAX_SSTORES_PER_CALL). */
export const systemCallStateGas: number = 16 * newSlotStateGas;
