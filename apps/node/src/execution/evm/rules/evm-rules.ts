import { type ForkName, isAtLeast } from '../fork.ts';
import { type OpcodeTable, opcodeTable } from './opcode-table.ts';
import { type SstoreRules, sstoreRules } from './sstore-rules.ts';

/** The rules of a fork, as far as the EVM applies them. */
export interface EvmRules {
  readonly isHomestead: boolean;
  /** EIP-150. */
  readonly isTangerineWhistle: boolean;
  /** EIP-158, EIP-170. */
  readonly isSpuriousDragon: boolean;
  /** EIP-2929. */
  readonly isBerlin: boolean;
  /** EIP-3529, EIP-3541. */
  readonly isLondon: boolean;
  readonly isMerged: boolean;
  /** EIP-3860. */
  readonly isShanghai: boolean;
  /** EIP-6780. */
  readonly isCancun: boolean;
  /** EIP-7702. */
  readonly isPrague: boolean;
  /** EIP-7708, EIP-7928, EIP-8037, EIP-8038, EIP-8246. */
  readonly isAmsterdam: boolean;
  readonly opcodes: OpcodeTable;
  readonly sstore: SstoreRules;
  /** Per byte of an exponent. */
  readonly expByteGas: number;
  /** First access of an account in a transaction (EIP-2929). */
  readonly coldAccountGas: number;
  /** Call with value. */
  readonly callValueGas: number;
  /** Longest code of a contract. */
  readonly maxCodeSize: number;
  /** Longest init code of CREATE and CREATE2. */
  readonly maxInitCodeSize: number;
}

export function evmRules(fork: ForkName): EvmRules {
  const since = (other: ForkName): boolean => isAtLeast(fork, other);
  const isAmsterdam = since('amsterdam');
  const isSpuriousDragon = since('spuriousDragon');
  const isShanghai = since('shanghai');
  return {
    isHomestead: since('homestead'),
    isTangerineWhistle: since('tangerineWhistle'),
    isSpuriousDragon,
    isBerlin: since('berlin'),
    isLondon: since('london'),
    isMerged: since('paris'),
    isShanghai,
    isCancun: since('cancun'),
    isPrague: since('prague'),
    isAmsterdam,
    opcodes: opcodeTable(fork),
    sstore: sstoreRules(fork),
    expByteGas: isSpuriousDragon ? 50 : 10,
    // EIP-2929, EIP-8038
    coldAccountGas: isAmsterdam ? 3000 : 2600,
    callValueGas: isAmsterdam ? 11_300 : 9000,
    // EIP-170, EIP-7954
    maxCodeSize: isAmsterdam ? 65_536 : isSpuriousDragon ? 24_576 : Number.POSITIVE_INFINITY,
    maxInitCodeSize: isAmsterdam ? 131_072 : isShanghai ? 49_152 : Number.POSITIVE_INFINITY,
  };
}
