import { equalBytes } from '@devp2p/bytes';
import type { AccessListItem, Transaction } from '@devp2p/eth';
import type { ForkRules } from './fork-rules.ts';

/** Yellow Paper, appendix G; EIP-2 for creations. */
const transactionGas = 21_000;
const creationGas = 53_000;
const zeroByteGas = 4;
const byteGasFrontier = 68;
/** EIP-2028. */
const byteGasIstanbul = 16;
/** EIP-3860. */
const initCodeWordGas = 2;
/** EIP-2930; EIP-8038 from Amsterdam on. */
const accessAddressGas = 2400;
const accessSlotGas = 1900;
const accessAddressGasAmsterdam = 2900;
const accessSlotGasAmsterdam = 2000;
/** EIP-7702's PER_EMPTY_ACCOUNT_COST; EIP-8037 from Amsterdam on. */
const authorizationGas = 25_000;
const authorizationGasAmsterdam = 7816;
/** EIP-2780. */
const baseGasAmsterdam = 12_000;
const recipientGas = 3000;
const creationAccessGas = 12_000;
const valueGas = 6000;
/** Floor of a byte of calldata by its value (EIP-7623), and of any byte from Amsterdam on (EIP-7976, EIP-7981). */
const floorZeroByteGas = 10;
const floorByteGas = 40;
const floorByteGasAmsterdam = 64;

/** Gas of a transaction before its execution. */
export interface IntrinsicGas {
  /** Paid before the execution begins. */
  readonly gas: number;
  /** The least that the transaction pays; 0 before Prague (EIP-7623). */
  readonly floor: number;
}

/** Computes the gas of a transaction that does not depend on the state. */
export function intrinsicGas(transaction: Transaction, sender: Uint8Array, rules: ForkRules): IntrinsicGas {
  const { input, to, accessList, authorizationList } = transaction;
  const { amsterdam } = rules;
  const isCreation = to === undefined;
  const base = amsterdam ? baseGas(transaction, sender) : isCreation && rules.homestead ? creationGas : transactionGas;

  const zeros = countZeros(input);
  const others = input.length - zeros;
  let gas = base + zeros * zeroByteGas + others * (rules.istanbul ? byteGasIstanbul : byteGasFrontier);
  if (isCreation && rules.shanghai) gas += Math.ceil(input.length / 32) * initCodeWordGas;
  const addresses = accessList?.length ?? 0;
  const slots = accessList === undefined ? 0 : countSlots(accessList);
  const accessBytes = 20 * addresses + 32 * slots;
  if (amsterdam) {
    gas += addresses * accessAddressGasAmsterdam + slots * accessSlotGasAmsterdam;
    gas += accessBytes * floorByteGasAmsterdam;
  } else {
    gas += addresses * accessAddressGas + slots * accessSlotGas;
  }
  gas += (authorizationList?.length ?? 0) * (amsterdam ? authorizationGasAmsterdam : authorizationGas);

  let floor = 0;
  if (amsterdam) floor = base + (input.length + accessBytes) * floorByteGasAmsterdam;
  else if (rules.prague) floor = transactionGas + zeros * floorZeroByteGas + others * floorByteGas;
  return { gas, floor };
}

/** Gas of the accounts that a transaction of Amsterdam touches by itself (EIP-2780). */
function baseGas({ to, value }: Transaction, sender: Uint8Array): number {
  if (to === undefined) return baseGasAmsterdam + creationAccessGas;
  if (equalBytes(to, sender)) return baseGasAmsterdam;
  return baseGasAmsterdam + recipientGas + (value > 0n ? valueGas : 0);
}

function countZeros(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0) count++;
  return count;
}

function countSlots(accessList: readonly AccessListItem[]): number {
  let count = 0;
  for (const { storageKeys } of accessList) count += storageKeys.length;
  return count;
}
