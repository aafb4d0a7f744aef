import type { Header } from '@devp2p/eth';
import { Reader } from '@devp2p/rlp';
import { TransactionError } from '../errors/transaction-error.ts';
import type { ChainConfig } from './chain-config.ts';
import { refuseSidecar } from './decode-transaction.ts';

/** Limits of the transactions of a block, which depend on its fork. */
export interface TransactionLimits {
  /** Valid types. */
  readonly types: readonly boolean[];
  /** Maximum gas limit of a transaction. */
  readonly maxGas: number;
  /** Gas limit of the block. */
  readonly blockGas: number | bigint;
  /** Maximum length of calldata and access list together, in bytes. */
  readonly maxFloorBytes: number;
  readonly maxInitCode: number;
  readonly maxBlobs: number;
}

/** Maximum gas limit of a transaction of Osaka (EIP-7825), and maximum of its execution gas from Amsterdam on (EIP-8037). */
export const maxTransactionGas: number = 2 ** 24;
/** Maximum gas limit of a transaction from Amsterdam on (go-ethereum's `MaxTxTotalGas`). */
const maxTotalGas = 2 ** 32 - 1;
/** Gas of a transaction without calldata, and of each byte of calldata and access list (EIP-2780, EIP-7976, EIP-7981). */
const baseGas = 12_000;
const floorGasPerByte = 64;
const maxFloorBytes = Math.floor((maxTransactionGas - baseGas) / floorGasPerByte);
/** Maximum length of init code in bytes: EIP-3860, and EIP-7954 from Amsterdam on. */
const maxInitCode = 49_152;
const maxInitCodeAmsterdam = 131_072;
/** Maximum number of blobs of a transaction (EIP-7594). */
const maxBlobs = 6;
/** The first byte of a versioned hash that belongs to a KZG commitment (EIP-4844). */
const versionKzg = 1;

const blobType = 3;
const setCodeType = 4;
/** Number of fields before the gas limit, by type. */
const fieldsBeforeGas = [2, 3, 4, 4, 4] as const;

/** The limits for the transactions of a block. */
export function transactionLimits(
  { forks }: ChainConfig,
  { number, timestamp, gasLimit }: Pick<Header, 'number' | 'timestamp' | 'gasLimit'>,
): TransactionLimits {
  const london = number >= forks.london;
  const since = (time: number | bigint): boolean => london && timestamp >= time;
  const osaka = since(forks.osaka);
  const amsterdam = since(forks.amsterdam);
  const unlimited = Number.POSITIVE_INFINITY;
  return {
    types: [true, number >= forks.berlin, london, since(forks.cancun), since(forks.prague)],
    maxGas: amsterdam ? maxTotalGas : osaka ? maxTransactionGas : unlimited,
    blockGas: gasLimit,
    maxFloorBytes: amsterdam ? maxFloorBytes : unlimited,
    maxInitCode: amsterdam ? maxInitCodeAmsterdam : since(forks.shanghai) ? maxInitCode : unlimited,
    maxBlobs: osaka ? maxBlobs : unlimited,
  };
}

/**
 * Checks a transaction by the rules that need neither state nor signature: its type, the limits of gas, calldata and
 * init code, and its list of blobs. Execution checks fees, the minimum gas, chain id and signature.
 *
 * @param transaction in canonical form
 * @returns number of blobs
 * @throws TransactionError, and RlpError
 */
export function checkTransaction(transaction: Uint8Array, limits: TransactionLimits): number {
  const reader = new Reader(transaction);
  const type = reader.isList() ? 0 : reader.byte();
  const before = fieldsBeforeGas[type];
  if (before === undefined || !limits.types[type]) {
    throw new TransactionError('transaction', `type ${type} is not valid in this block`);
  }
  reader.enterList();
  if (type === blobType) refuseSidecar(reader);
  for (let i = 0; i < before; i++) reader.skip();
  const gas = reader.bigint(8);
  if (gas > limits.maxGas) {
    throw new TransactionError('gas-cap', `gas limit ${gas} is above ${limits.maxGas}`);
  }
  if (gas > limits.blockGas) {
    throw new TransactionError('block-gas', `gas limit ${gas} is above the block's, ${limits.blockGas}`);
  }
  const recipient = reader.stringHeader();
  reader.position += recipient;
  if (recipient !== 0 && recipient !== 20) {
    throw new TransactionError('transaction', `a recipient of ${recipient} bytes`);
  }
  reader.skip(); // value
  const data = reader.stringHeader();
  reader.position += data;
  if (recipient === 0 && data > limits.maxInitCode) {
    throw new TransactionError('init-code', `${data} bytes of init code, more than ${limits.maxInitCode}`);
  }
  const floorBytes = data + (type === 0 ? 0 : accessListBytes(reader));
  if (floorBytes > limits.maxFloorBytes) {
    throw new TransactionError(
      'intrinsic-gas',
      `${floorBytes} bytes of calldata and access list, more than ${limits.maxFloorBytes}`,
    );
  }
  if (type < blobType) return 0;
  if (recipient === 0) throw new TransactionError('transaction', 'no recipient');
  if (type === setCodeType) {
    if (reader.listHeader() === 0) throw new TransactionError('transaction', 'no authorizations');
    return 0;
  }
  reader.skip(); // fee per blob gas
  return countBlobs(reader, limits.maxBlobs);
}

/** Length of the addresses and storage keys of an access list in bytes (EIP-7981); moves the reader past it. */
function accessListBytes(reader: Reader): number {
  const outerEnd = reader.enterList();
  let bytes = 0;
  while (!reader.done) {
    const entryEnd = reader.enterList();
    bytes += reader.fixed(20).length;
    const keysEnd = reader.enterList();
    while (!reader.done) bytes += reader.fixed(32).length;
    reader.leave(keysEnd);
    reader.leave(entryEnd);
  }
  reader.leave(outerEnd);
  return bytes;
}

function countBlobs(reader: Reader, max: number): number {
  const outerEnd = reader.enterList();
  let count = 0;
  for (; !reader.done; count++) {
    if (reader.fixed(32)[0] !== versionKzg) {
      throw new TransactionError('blobs', `versioned hash ${count} has an unknown version`);
    }
  }
  reader.leave(outerEnd);
  if (count === 0) throw new TransactionError('blobs', 'no blobs');
  if (count > max) throw new TransactionError('blobs', `${count} blobs, more than ${max}`);
  return count;
}
