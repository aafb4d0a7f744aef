import type { Header } from '@devp2p/eth';
import { Reader } from '@devp2p/rlp';
import type { ChainConfig } from './chain-config.ts';

/** What a block's place in the schedule of forks allows its transactions. */
export interface TransactionLimits {
  /** Which types there are. */
  readonly types: readonly boolean[];
  readonly maxGas: number;
  readonly maxInitCode: number;
  readonly maxBlobs: number;
}

/** EIP-7825's cap on a transaction's gas. */
const maxGas = 2 ** 24;
/** EIP-3860, and EIP-7954 from Amsterdam on. */
const maxInitCode = 49_152;
const maxInitCodeAmsterdam = 65_536;
/** EIP-7594's cap on the blobs of one transaction. */
const maxBlobs = 6;
/** The first byte of a versioned hash that belongs to a KZG commitment (EIP-4844). */
const versionKzg = 1;

const blobType = 3;
const setCodeType = 4;
/** How many fields stand before the gas limit, by type. */
const fieldsBeforeGas = [2, 3, 4, 4, 4] as const;

/** The limits in a block. Those on gas end with Amsterdam, which counts gas in two dimensions (EIP-8037). */
export function transactionLimits(
  { forks }: ChainConfig,
  { number, timestamp, gasLimit }: Header,
): TransactionLimits {
  const london = number >= forks.london;
  const since = (time: number): boolean => london && timestamp >= time;
  const osaka = since(forks.osaka);
  const amsterdam = since(forks.amsterdam);
  const unlimited = Number.POSITIVE_INFINITY;
  return {
    types: [true, number >= forks.berlin, london, since(forks.cancun), since(forks.prague)],
    maxGas: amsterdam ? unlimited : osaka ? Math.min(maxGas, gasLimit) : gasLimit,
    maxInitCode: amsterdam ? maxInitCodeAmsterdam : since(forks.shanghai) ? maxInitCode : unlimited,
    maxBlobs: osaka ? maxBlobs : unlimited,
  };
}

/**
 * Checks a transaction by the rules that need neither state nor signature: its type, the caps on gas and init code,
 * and its list of blobs. Fees, intrinsic gas, chain id and signature are execution's to check.
 *
 * @param transaction in canonical form
 * @returns how many blobs it has
 * @throws Error whose message says what is wrong, RlpError included
 */
export function checkTransaction(transaction: Uint8Array, limits: TransactionLimits): number {
  const reader = new Reader(transaction);
  const type = reader.isList() ? 0 : reader.byte();
  const before = fieldsBeforeGas[type];
  if (before === undefined || !limits.types[type]) {
    throw new Error(`type ${type}, which this block cannot have`);
  }
  reader.enterList();
  for (let i = 0; i < before; i++) reader.skip();
  const gas = reader.uint(Number.MAX_SAFE_INTEGER);
  if (gas > limits.maxGas) throw new Error(`gas limit ${gas} is above ${limits.maxGas}`);
  const recipient = reader.stringHeader();
  reader.position += recipient;
  if (recipient !== 0 && recipient !== 20) throw new Error(`a recipient of ${recipient} bytes`);
  reader.skip(); // value
  const data = reader.stringHeader();
  reader.position += data;
  if (recipient === 0 && data > limits.maxInitCode) {
    throw new Error(`${data} bytes of init code, more than ${limits.maxInitCode}`);
  }
  if (type < blobType) return 0;
  if (recipient === 0) throw new Error('no recipient');
  reader.skip(); // access list
  if (type === setCodeType) {
    if (reader.listHeader() === 0) throw new Error('no authorizations');
    return 0;
  }
  reader.skip(); // fee per blob gas
  return countBlobs(reader, limits.maxBlobs);
}

function countBlobs(reader: Reader, max: number): number {
  const outerEnd = reader.enterList();
  let count = 0;
  for (; !reader.done; count++) {
    if (reader.fixed(32)[0] !== versionKzg) {
      throw new Error(`versioned hash ${count} has an unknown version`);
    }
  }
  reader.leave(outerEnd);
  if (count === 0) throw new Error('no blobs');
  if (count > max) throw new Error(`${count} blobs, more than ${max}`);
  return count;
}
