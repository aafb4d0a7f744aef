import { randomBytes } from '@devp2p/random';
import type { Secp256k1 } from '../crypto.ts';
import { nobleSecp256k1 } from '../noble-secp256k1.ts';
import { type Binding, libsecp256k1 } from './libsecp256k1.ts';

type Node = Pick<NodeJS.Process, 'emitWarning' | 'getBuiltinModule'>;

function load(): Secp256k1 {
  // Looked up at run time, so that bundlers and browsers do not load native code.
  const { process } = globalThis as { process?: Partial<Node> };
  const nodeModule = process?.getBuiltinModule?.('node:module');
  if (nodeModule === undefined) return nobleSecp256k1;
  try {
    const require = nodeModule.createRequire(import.meta.url);
    // `secp256k1` itself would fall back to elliptic without a warning.
    const binding = require('secp256k1/bindings') as Binding;
    return libsecp256k1(binding, randomBytes(32));
  } catch (error) {
    process?.emitWarning?.('libsecp256k1 cannot be loaded, using slower curve operations', {
      type: 'DevP2PWarning',
      code: 'DEVP2P_NO_LIBSECP256K1',
      detail: String(error),
    });
    return nobleSecp256k1;
  }
}

/** Curve operations of libsecp256k1, or of noble if the binding cannot be loaded. */
export const secp256k1: Secp256k1 = load();
