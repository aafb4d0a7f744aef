import type { Frame } from '../frame/frame.ts';
import type { Signal } from '../frame/signal.ts';
import type { Machine } from '../machine.ts';
import { callCode, callContract, delegateCall, staticCall } from './calls.ts';
import { callDataCopy, codeCopy, externalCodeCopy, memoryCopy, returnDataCopy } from './copies.ts';
import { create, create2 } from './creation.ts';
import * as environment from './environment.ts';
import { log } from './log.ts';
import { selfDestruct } from './self-destruct.ts';
import { duplicateDeep, exchange, swapDeep } from './stack-operations.ts';
import { storageLoad, storageStore, transientLoad, transientStore } from './storage-operations.ts';

/** An operation besides those of the interpreter's loop; its constant gas is charged, and the stack is checked. */
export type Operation = (frame: Frame, machine: Machine, opcode: number) => Signal;

const invalid: Operation = (frame) => frame.halt('invalid-opcode');

const implemented: readonly (readonly [opcode: number, operation: Operation])[] = [
  [0x30, environment.address],
  [0x31, environment.balance],
  [0x32, environment.origin],
  [0x33, environment.caller],
  [0x34, environment.callValue],
  [0x35, environment.callDataLoad],
  [0x36, environment.callDataSize],
  [0x37, callDataCopy],
  [0x38, environment.codeSize],
  [0x39, codeCopy],
  [0x3a, environment.gasPrice],
  [0x3b, environment.externalCodeSize],
  [0x3c, externalCodeCopy],
  [0x3d, environment.returnDataSize],
  [0x3e, returnDataCopy],
  [0x3f, environment.externalCodeHash],
  [0x40, environment.blockHash],
  [0x41, environment.beneficiary],
  [0x42, environment.timestamp],
  [0x43, environment.blockNumber],
  [0x44, environment.difficulty],
  [0x45, environment.gasLimit],
  [0x46, environment.chainId],
  [0x47, environment.selfBalance],
  [0x48, environment.baseFee],
  [0x49, environment.blobHash],
  [0x4a, environment.blobBaseFee],
  [0x4b, environment.slotNumber],
  [0x54, storageLoad],
  [0x55, storageStore],
  [0x5c, transientLoad],
  [0x5d, transientStore],
  [0x5e, memoryCopy],
  [0xa0, log],
  [0xa1, log],
  [0xa2, log],
  [0xa3, log],
  [0xa4, log],
  [0xe6, duplicateDeep],
  [0xe7, swapDeep],
  [0xe8, exchange],
  [0xf0, create],
  [0xf1, callContract],
  [0xf2, callCode],
  [0xf4, delegateCall],
  [0xf5, create2],
  [0xfa, staticCall],
  [0xff, selfDestruct],
];

/** The operations by opcode. */
export const operations: readonly Operation[] = operationTable();

function operationTable(): Operation[] {
  const table = new Array<Operation>(256).fill(invalid);
  for (const [opcode, operation] of implemented) table[opcode] = operation;
  return table;
}
