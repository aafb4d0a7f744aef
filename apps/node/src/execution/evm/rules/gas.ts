/*
 * Gas of operations with costs that depend on operands or state, besides the constant part in `opcode-table.ts`. Where no
 * EIP is given, values are those of the Yellow Paper, appendix G.
 */

/** Per 32 bytes of memory; a quadratic part comes on top. */
export const memoryWordGas = 3;
/** Divisor of the square of the number of words. */
export const memoryQuadraticDivisor = 512;
/** Per 32 bytes of a copy. */
export const copyWordGas = 3;
/** Per 32 bytes of hashed data. */
export const keccakWordGas = 6;
export const expGas = 10;
export const logTopicGas = 375;
export const logByteGas = 8;
/** Given to the callee of a call with value. */
export const callStipend = 2300;
export const callNewAccountGas = 25_000;
/** Per byte of deployed code, before Amsterdam. */
export const codeByteGas = 200;
/** Per 32 bytes of init code (EIP-3860). */
export const initCodeWordGas = 2;
/** SELFDESTRUCT that creates the account of the beneficiary (EIP-150). */
export const selfdestructNewAccountGas = 25_000;
export const selfdestructRefund = 24_000;
/** Access of an account or slot that the transaction accessed before (EIP-2929). */
export const warmGas = 100;
export const coldSlotGas = 2100;
/** With this gas or less, SSTORE fails (EIP-2200). */
export const sstoreSentry = 2300;

/** State gas (EIP-8037): a byte of new state, and the bytes of new objects. */
const stateByteGas = 1530;
export const newAccountStateGas: number = 120 * stateByteGas;
export const newSlotStateGas: number = 64 * stateByteGas;
export const codeByteStateGas: number = stateByteGas;

/** EIP-8038. */
export const accountWriteGas = 9000;
