import { createHash } from 'node:crypto';
import { equalBytes, fromHex } from '@devp2p/bytes';
import type { Log } from '../evm/evm.ts';

/** Types of requests (EIP-6110, EIP-7002, EIP-7251, EIP-8282). */
const depositRequest = 0;
export const withdrawalRequest = 1;
export const consolidationRequest = 2;
export const builderDepositRequest = 3;
export const builderExitRequest = 4;

/** keccak-256 of `DepositEvent(bytes,bytes,bytes,bytes,bytes)`. */
const depositTopic: Uint8Array = fromHex('649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5');

/** Offset of the length and length of each field in the data of a deposit log (EIP-6110). */
const depositFields = [
  [160, 48], // public key
  [256, 32], // withdrawal credentials
  [320, 8], // amount
  [384, 96], // signature
  [512, 8], // index
] as const;
const depositDataLength = 576;
const depositLength = 192;

/**
 * The deposit request of a block's logs, with its type.
 *
 * @returns `undefined` without such logs
 * @throws Error when a log does not have the layout of EIP-6110
 */
export function readDeposits(logs: readonly Log[], contract: Uint8Array): Uint8Array | undefined {
  const found = logs.filter((log) => isDeposit(log, contract));
  if (found.length === 0) return undefined;
  const request = new Uint8Array(1 + found.length * depositLength);
  request[0] = depositRequest;
  let end = 1;
  for (const { data } of found) {
    checkLayout(data);
    for (const [offset, length] of depositFields) {
      request.set(data.subarray(offset + 32, offset + 32 + length), end);
      end += length;
    }
  }
  return request;
}

function isDeposit({ address, topics }: Log, contract: Uint8Array): boolean {
  const topic = topics[0];
  return topic !== undefined && equalBytes(address, contract) && equalBytes(topic, depositTopic);
}

function checkLayout(data: Uint8Array): void {
  if (data.length !== depositDataLength) {
    throw new Error(`a deposit log of ${data.length} bytes, not ${depositDataLength}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  for (const [i, [offset, length]] of depositFields.entries()) {
    if (!isWord(view, 32 * i, offset) || !isWord(view, offset, length)) {
      throw new Error(`field ${i} of a deposit log is not ${length} bytes at ${offset}`);
    }
  }
}

/** Whether the 32 bytes at `position` are the integer `value`. */
function isWord(view: DataView, position: number, value: number): boolean {
  for (let i = 0; i < 28; i += 4) {
    if (view.getUint32(position + i) !== 0) return false;
  }
  return view.getUint32(position + 28) === value;
}

/** The hash of the requests of a block (EIP-7685). @param requests each with its type, none empty, by type */
export function hashRequests(requests: readonly Uint8Array[]): Uint8Array {
  const all = createHash('sha256');
  for (const request of requests) all.update(createHash('sha256').update(request).digest());
  return new Uint8Array(all.digest());
}
