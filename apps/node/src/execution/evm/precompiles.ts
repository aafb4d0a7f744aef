import type { Common } from '@ethereumjs/common';
import {
  type AddPrecompile,
  getActivePrecompiles,
  NobleBLS,
  NobleBN254,
  type PrecompileFunc,
  type PrecompileInput,
} from '@ethereumjs/evm';
import { addressKey } from './state/block-state.ts';

/** The outcome of a precompiled contract. */
export interface PrecompileResult {
  readonly isSuccess: boolean;
  readonly gasLeft: number;
  readonly output: Uint8Array;
}

/** A precompiled contract. @param input must not change afterwards */
export type Precompile = (input: Uint8Array, gas: number) => PrecompileResult | Promise<PrecompileResult>;

/** The precompiled contracts of a fork, by the key of their address. */
export type Precompiles = ReadonlyMap<string, Precompile>;

/**
 * Creates the precompiled contracts of `@ethereumjs/evm` for a fork.
 *
 * @param replacements used in place of those of the library, when the fork has a contract at their address
 */
export function createPrecompiles(common: Common, replacements: readonly AddPrecompile[] = []): Precompiles {
  // The part of an EVM that the contracts use.
  const host = { common, _bls: new NobleBLS(), _bn254: new NobleBN254() } as unknown as PrecompileInput['_EVM'];
  const precompiles = new Map<string, Precompile>();
  for (const [address, run] of getActivePrecompiles(common)) {
    const replacement = replacements.find((entry) => entry.address === `0x${address}`);
    precompiles.set(addressKey(Buffer.from(address, 'hex')), adapt(replacement?.function ?? run, common, host));
  }
  return precompiles;
}

function adapt(run: PrecompileFunc, common: Common, host: PrecompileInput['_EVM']): Precompile {
  return (input, gas) => {
    const result = run({ data: input, gasLimit: BigInt(gas), common, _EVM: host });
    return result instanceof Promise ? result.then((later) => outcome(later, gas)) : outcome(result, gas);
  };
}

function outcome(result: Awaited<ReturnType<PrecompileFunc>>, gas: number): PrecompileResult {
  return {
    isSuccess: result.exceptionError === undefined,
    gasLeft: gas - Number(result.executionGasUsed),
    output: result.returnValue,
  };
}
