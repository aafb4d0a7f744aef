import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';

/** An address in hex, whose upper-case letters are a checksum (EIP-55). @param address 20 bytes */
export function checksumAddress(address: Uint8Array, crypto: Crypto): string {
  const digits = toHex(address);
  const hash = toHex(crypto.keccak256(new TextEncoder().encode(digits)));
  const letters = [...digits].map((digit, i) => ((hash[i] as string) >= '8' ? digit.toUpperCase() : digit));
  return `0x${letters.join('')}`;
}
