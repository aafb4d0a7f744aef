import { createRequire } from 'node:module';
import { concatBytes, toHex } from '@devp2p/bytes';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';
import { createAddressFromString } from '@ethereumjs/util';
import { describe, expect, test } from 'vitest';
import { type Kzg, openKzg, versionedHash } from '../../../src/execution/kzg/kzg.ts';
import { loadLibrary, type Require } from '../../../src/execution/kzg/load-library.ts';
import { createNativeLibrary, type NativeContext } from '../../../src/execution/kzg/native-library.ts';
import { pointEvaluation } from '../../../src/execution/kzg/point-evaluation.ts';
import { createScriptLibrary, type ScriptContext } from '../../../src/execution/kzg/script-library.ts';
import { altered, makeBlob, maker, malformedPoints } from './blobs.ts';

const require = createRequire(import.meta.url);
const blob = makeBlob(1);
const commitment = maker.blobToKzgCommitment(blob);
const z = new Uint8Array(32).fill(5);
const [proof, y] = maker.computeKzgProof(blob, z) as [Uint8Array, Uint8Array];
const cell = maker.computeCells(blob)[0] as Uint8Array;
const input = concatBytes(versionedHash(commitment), z, y, commitment, proof);
const fatal = expect.objectContaining({ name: 'KzgError', code: 'failed' });
const precompile = createAddressFromString('0x000000000000000000000000000000000000000a');

/** A context whose functions all behave alike. */
function uniform<T extends object>(behaviour: () => unknown): T {
  return new Proxy({} as T, { get: () => behaviour });
}

function throwing<T extends object>(error: unknown): T {
  return uniform<T>(() => {
    throw error;
  });
}

/** Calls the precompile in the EVM of the library. */
async function callPrecompile(kzg: Kzg, data: Uint8Array, gasLimit = 100_000n) {
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Cancun });
  const evm = await createEVM({ common, customPrecompiles: [pointEvaluation(kzg)] });
  const { execResult } = await evm.runCall({ to: precompile, data, gasLimit });
  return {
    error: execResult.exceptionError?.error,
    gasUsed: execResult.executionGasUsed,
    output: toHex(execResult.returnValue),
  };
}

describe.each([
  {
    title: 'a native library that panics',
    loadLibrary: () => createNativeLibrary(throwing<NativeContext>(new Error('verify_kzg_proof: thread panicked'))),
  },
  {
    title: 'a native library that refuses its arguments',
    loadLibrary: () =>
      createNativeLibrary(
        throwing<NativeContext>(new Error('failed to compute verify_kzg_proof: EIP4844(Verifier(Unexpected))')),
      ),
  },
  {
    title: 'a native library that throws a value without a message',
    loadLibrary: () => createNativeLibrary(throwing<NativeContext>(undefined)),
  },
  {
    title: 'a slower library without stack',
    loadLibrary: () => createScriptLibrary(throwing<ScriptContext>(new RangeError('Maximum call stack size exceeded'))),
  },
  {
    title: 'a slower library that throws',
    loadLibrary: () => createScriptLibrary(throwing<ScriptContext>(new Error('bad state'))),
  },
])('$title', ({ loadLibrary: load }) => {
  const kzg = openKzg({ loadLibrary: load });

  test('ND-07 is not reported as a proof that does not verify', () => {
    expect(() => kzg.verifyProof(commitment, z, y, proof)).toThrow(fatal);
    expect(() => kzg.verifyBlobs([blob], [commitment], [proof])).toThrow(fatal);
    expect(() => kzg.verifyCells([commitment], [0], [cell], [proof])).toThrow(fatal);
    expect(() => kzg.verifyBlobCells([blob], [commitment], Array(128).fill(proof))).toThrow(fatal);
    expect(() => kzg.commitment(blob)).toThrow(fatal);
    expect(() => kzg.cellsAndProofs(blob)).toThrow(fatal);
  });

  test('ND-07 ends the execution in the point evaluation precompile, instead of failing the call', async () => {
    await expect(callPrecompile(kzg, input)).rejects.toEqual(fatal);
  });
});

test('ND-07 a result that is not a boolean is a failure of the native library', () => {
  const kzg = openKzg({ loadLibrary: () => createNativeLibrary(uniform<NativeContext>(() => undefined)) });
  expect(() => kzg.verifyProof(commitment, z, y, proof)).toThrow(fatal);
});

test('ND-07 a slower library that refuses even a valid proof has failed', () => {
  const kzg = openKzg({ loadLibrary: () => createScriptLibrary(uniform<ScriptContext>(() => false)) });
  expect(() => kzg.verifyProof(commitment, z, y, proof)).toThrow(fatal);
  expect(() => kzg.verifyBlobs([blob], [commitment], [proof])).toThrow(fatal);
});

describe('the point evaluation precompile', () => {
  const reasons: string[] = [];
  const kzg = openKzg({ onFallback: (reason) => reasons.push(reason) });

  test('ND-07 returns the two constants of EIP-4844 for a proof that verifies', async () => {
    expect(await callPrecompile(kzg, input)).toEqual({
      error: undefined,
      gasUsed: 50_000n,
      output:
        '0000000000000000000000000000000000000000000000000000000000001000' +
        '73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001',
    });
  });

  test('the native library is used where its binary loads', () => {
    kzg.load();
    expect(reasons).toEqual([]);
  });

  const otherHash = versionedHash(altered(commitment));
  const badPoint = malformedPoints['x is not on the curve'] as Uint8Array;
  test.each<[string, Uint8Array, bigint]>([
    ['out of gas', input, 49_999n],
    ['invalid input length', input.subarray(1), 100_000n],
    ['invalid input length', concatBytes(input, new Uint8Array(1)), 100_000n],
    ['kzg commitment does not match versioned hash', concatBytes(otherHash, input.subarray(32)), 100_000n],
    ['kzg proof invalid', altered(input), 100_000n],
    ['kzg proof invalid', concatBytes(input.subarray(0, 144), badPoint), 100_000n],
    ['kzg proof invalid', concatBytes(input.subarray(0, 64), altered(y), input.subarray(96)), 100_000n],
    [
      'kzg proof invalid',
      concatBytes(input.subarray(0, 64), new Uint8Array(32).fill(255), input.subarray(96)),
      60_000n,
    ],
    [
      'kzg proof invalid',
      concatBytes(versionedHash(badPoint), input.subarray(32, 96), badPoint, input.subarray(144)),
      100_000n,
    ],
  ])('ND-07 fails the call with all of its gas: %s', async (error, data, gasLimit) => {
    expect(await callPrecompile(kzg, data, gasLimit)).toEqual({ error, gasUsed: gasLimit, output: '' });
  });
});

describe('loading', () => {
  const withoutNative: Require = (name) => {
    if (name === '@crate-crypto/node-eth-kzg') throw new Error('no binary for this platform');
    return require(name);
  };

  test('the library is loaded once, at the first use', () => {
    let loads = 0;
    const kzg = openKzg({
      loadLibrary: () => {
        loads++;
        return createNativeLibrary(maker);
      },
    });
    expect(loads).toBe(0);
    expect(kzg.verifyProof(commitment, z, y, proof)).toBe(true);
    expect(kzg.verifyProof(commitment, z, z, proof)).toBe(false);
    expect(loads).toBe(1);
  });

  test('without the native binary the slower library is used, and the reason is reported once', () => {
    const reasons: string[] = [];
    const kzg = openKzg({
      onFallback: (reason) => reasons.push(reason),
      loadLibrary: (onFallback) => loadLibrary(onFallback, withoutNative),
    });
    expect(reasons).toEqual([]);
    expect(kzg.verifyProof(commitment, z, y, proof)).toBe(true);
    expect(kzg.verifyProof(commitment, z, y, commitment)).toBe(false);
    expect(reasons).toEqual(['no binary for this platform']);
  });

  test('without both libraries the first use fails with both reasons', () => {
    const none: Require = (name) => {
      throw new Error(`${name} is missing`);
    };
    const kzg = openKzg({ loadLibrary: (onFallback) => loadLibrary(onFallback, none) });
    expect(() => kzg.verifyProof(commitment, z, y, proof)).toThrow(
      expect.objectContaining({
        name: 'KzgError',
        code: 'unavailable',
        message:
          'no KZG library can be loaded: @crate-crypto/node-eth-kzg is missing; micro-eth-signer/kzg.js is missing',
      }),
    );
  });
});
