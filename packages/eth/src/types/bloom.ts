import type { Crypto } from '@devp2p/crypto';

/** Length of a logs bloom in bytes: 2048 bits. */
export const bloomLength = 256;

/** Adds a log's address or one of its topics to a logs bloom: three bits, taken from its hash (Yellow Paper, 4.3.1). */
export function addToBloom(bloom: Uint8Array, entry: Uint8Array, crypto: Crypto): void {
  const hash = crypto.keccak256(entry);
  for (let i = 0; i < 6; i += 2) {
    const bit = (((hash[i] as number) << 8) | (hash[i + 1] as number)) & 2047;
    const index = bloomLength - 1 - (bit >> 3);
    bloom[index] = (bloom[index] as number) | (1 << (bit & 7));
  }
}
