import { keccak_256 } from '@noble/hashes/sha3.js';
import { checkData } from './check-options.ts';
import type { Crypto, Keccak256 } from './crypto.ts';
import { CryptoError } from './error.ts';
import { nobleSecp256k1 } from './noble-secp256k1.ts';

type NobleKeccak = ReturnType<typeof keccak_256.create>;

class NobleSponge implements Keccak256 {
  #state: NobleKeccak | undefined = keccak_256.create();
  #scratch: NobleKeccak | undefined;
  #digest: Uint8Array | undefined;

  update(data: Uint8Array): this {
    checkData(data);
    this.#open().update(data);
    this.#digest = undefined;
    return this;
  }

  digest(): Uint8Array {
    const state = this.#open();
    let digest = this.#digest;
    if (digest === undefined) {
      const scratch: NobleKeccak = state._cloneInto(this.#scratch);
      digest = scratch.digest();
      this.#scratch = scratch;
      this.#digest = digest;
    }
    return digest.slice();
  }

  close(): void {
    this.#state?.destroy();
    this.#state = undefined;
    this.#scratch = undefined;
    this.#digest = undefined;
  }

  #open(): NobleKeccak {
    if (this.#state === undefined) throw new CryptoError('closed', 'sponge is closed');
    return this.#state;
  }
}

/** Implementation in JavaScript, with `@noble/curves` and `@noble/hashes`. Runs on every platform. */
export const nobleCrypto: Crypto = {
  secp256k1: nobleSecp256k1,
  keccak256(data) {
    checkData(data);
    return keccak_256(data);
  },
  createKeccak256: () => new NobleSponge(),
};
