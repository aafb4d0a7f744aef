import { equalBytes } from '@devp2p/bytes';
import { type AddPrecompile, EVMError, type ExecResult } from '@ethereumjs/evm';
import { type Kzg, versionedHash } from './kzg.ts';

/** POINT_EVALUATION_PRECOMPILE_ADDRESS of EIP-4844. */
const address = '0x000000000000000000000000000000000000000a';

/** POINT_EVALUATION_PRECOMPILE_GAS of EIP-4844. */
const gas = 50_000n;

/** Versioned hash, z, y, commitment and proof. */
const inputLength = 192;

/** FIELD_ELEMENTS_PER_BLOB and BLS_MODULUS of EIP-4844, 32 bytes each. */
const output = Uint8Array.from(
  Buffer.from(
    `${(4096).toString(16).padStart(64, '0')}73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001`,
    'hex',
  ),
);

const { OUT_OF_GAS, INVALID_INPUT_LENGTH, INVALID_COMMITMENT, INVALID_PROOF } = EVMError.errorMessages;

function failure(gasLimit: bigint, message: ConstructorParameters<typeof EVMError>[0]): ExecResult {
  return { returnValue: new Uint8Array(0), executionGasUsed: gasLimit, exceptionError: new EVMError(message) };
}

/**
 * The point evaluation precompile (EIP-4844), an entry of `customPrecompiles` from Cancun on.
 *
 * It replaces the one of `@ethereumjs/evm`, which takes every error of its KZG library for a failed call: with a
 * library that fails, the state would come out wrong. Here such an error is thrown through the call.
 */
export function pointEvaluation(kzg: Pick<Kzg, 'verifyProof'>): AddPrecompile {
  return {
    address,
    function: ({ data, gasLimit }) => {
      if (gasLimit < gas) return failure(gasLimit, OUT_OF_GAS);
      if (data.length !== inputLength) return failure(gasLimit, INVALID_INPUT_LENGTH);
      const commitment = data.subarray(96, 144);
      if (!equalBytes(versionedHash(commitment), data.subarray(0, 32))) return failure(gasLimit, INVALID_COMMITMENT);
      const isValid = kzg.verifyProof(commitment, data.subarray(32, 64), data.subarray(64, 96), data.subarray(144));
      if (!isValid) return failure(gasLimit, INVALID_PROOF);
      return { returnValue: output.slice(), executionGasUsed: gas };
    },
  };
}
