import { CallError } from '../../errors/call-error.ts';
import type { RunOutcome } from '../block/run-transaction.ts';
import type { EvmErrorCode } from '../evm/evm.ts';

/** The usual texts (go-ethereum), for which clients look. */
const texts: Readonly<Record<EvmErrorCode, string>> = {
  'out-of-gas': 'out of gas',
  'code-store-out-of-gas': 'contract creation code storage out of gas',
  'code-size': 'max code size exceeded',
  'init-code-size': 'max initcode size exceeded',
  'invalid-code': 'invalid code: must not begin with 0xef',
  'stack-underflow': 'stack underflow',
  'stack-overflow': 'stack limit reached 1024',
  'invalid-jump': 'invalid jump destination',
  'invalid-opcode': 'invalid opcode',
  'static-state-change': 'write protection',
  'return-data-bounds': 'return data out of bounds',
  collision: 'contract address collision',
  'insufficient-balance': 'insufficient balance for transfer',
  depth: 'max call depth exceeded',
  'nonce-overflow': 'nonce uint64 overflow',
  precompile: 'precompile failed',
  revert: 'execution reverted',
};

/** Reasons of `Panic(uint256)` (Solidity). */
const panics: Readonly<Record<number, string>> = {
  0: 'generic panic',
  1: 'assert(false)',
  17: 'arithmetic underflow or overflow',
  18: 'division or modulo by zero',
  33: 'enum overflow',
  34: 'invalid encoded storage byte array accessed',
  49: 'out-of-bounds array access; popping on an empty array',
  50: 'out-of-bounds access of an array or bytesN',
  65: 'out of memory',
  81: 'uninitialized function',
};

const errorSelector = '08c379a0';
const panicSelector = '4e487b71';
const wordLength = 32;

/** Why a call failed, in one line. */
function failureText({ error = 'out-of-gas', output }: Pick<RunOutcome, 'error' | 'output'>): string {
  const reason = error === 'revert' ? revertReason(output) : undefined;
  return reason === undefined ? texts[error] : `${texts.revert}: ${reason}`;
}

/** The same without the reason of a revert. */
export function plainFailure({ error = 'out-of-gas' }: Pick<RunOutcome, 'error'>): string {
  return texts[error];
}

/** The error of a call that has failed. */
export function callFailure(outcome: Pick<RunOutcome, 'error' | 'output'>): CallError {
  const isRevert = outcome.error === 'revert';
  return new CallError(isRevert ? 'reverted' : 'failed', failureText(outcome), isRevert ? outcome.output : undefined);
}

/** The text in the output of a call that was reverted with `Error(string)` or `Panic(uint256)`. */
export function revertReason(output: Uint8Array): string | undefined {
  const selector = Buffer.from(output.subarray(0, 4)).toString('hex');
  const words = output.subarray(4);
  if (selector === panicSelector) {
    const code = numberAt(words, 0);
    return code === undefined ? undefined : (panics[code] ?? `unknown panic code: 0x${code.toString(16)}`);
  }
  if (selector !== errorSelector) return undefined;
  const start = numberAt(words, 0);
  const length = start === undefined ? undefined : numberAt(words, start);
  if (start === undefined || length === undefined || start + wordLength + length > words.length) return undefined;
  return new TextDecoder().decode(words.subarray(start + wordLength, start + wordLength + length));
}

/** A word that is a small number; `undefined` for others, and beyond the end. */
function numberAt(words: Uint8Array, offset: number): number | undefined {
  if (offset + wordLength > words.length) return undefined;
  const word = words.subarray(offset, offset + wordLength);
  if (word.subarray(0, wordLength - 4).some((byte) => byte !== 0)) return undefined;
  return new DataView(word.buffer, word.byteOffset).getUint32(wordLength - 4);
}
