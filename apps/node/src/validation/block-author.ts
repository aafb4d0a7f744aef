import { type Crypto, CryptoError } from '@devp2p/crypto';
import { type Header, headerCodec } from '@devp2p/eth';
import { encode } from '@devp2p/rlp';
import type { ChainConfig } from './chain-config.ts';

/** Bytes of the signature at the end of the extra data (EIP-225). */
export const cliqueSeal = 65;

/** The account that receives the fees of a block: in one of Clique its signer, `undefined` if its seal is invalid. */
export function blockAuthor({ clique }: ChainConfig, header: Header, crypto: Crypto): Uint8Array | undefined {
  return clique === undefined || header.difficulty === 0n ? header.beneficiary : cliqueSigner(header, crypto);
}

/**
 * Recovers the signer of a header of a Clique chain (EIP-225).
 *
 * @param header with extra data of the form of Clique
 * @returns 20 bytes; `undefined` when the seal is not a signature
 */
export function cliqueSigner(header: Header, crypto: Crypto): Uint8Array | undefined {
  const { extraData } = header;
  const signed = encode(headerCodec, { ...header, extraData: extraData.subarray(0, -cliqueSeal) });
  try {
    const publicKey = crypto.secp256k1.recover(extraData.slice(-cliqueSeal), crypto.keccak256(signed));
    return crypto.keccak256(publicKey).slice(12);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-signature') return undefined;
    throw error;
  }
}
