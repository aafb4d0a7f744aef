import { type Crypto, CryptoError, nobleCrypto } from '@devp2p/crypto';
import { Reader, RlpError, Writer } from '@devp2p/rlp';
import { maxTransactionType } from './decode-transaction.ts';
import type { SignedAuthorization } from './sign-transaction.ts';

/** Number of fields before the signature, by type. */
const signedFields = [6, 8, 9, 11, 10] as const;
/** The first byte of the message of an authorization (EIP-7702's MAGIC). */
const authorizationMagic = 5;
/** Room for the chain id and prefixes around the signed fields. */
const signingRoom = 48;

/** Half of the order of secp256k1's group; s of a signature is at most this (EIP-2). */
export const maxSignatureS: bigint = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/**
 * Recovers the account that signed a transaction in canonical form. The rest of the transaction is not checked, nor is
 * the rule for s (EIP-2).
 *
 * @returns 20 bytes; `undefined` when the signature is not one
 * @throws RlpError when the transaction is malformed
 */
export function recoverSender(raw: Uint8Array, crypto: Crypto = nobleCrypto): Uint8Array | undefined {
  const reader = new Reader(raw);
  const type = reader.isList() ? 0 : reader.byte();
  if (type > maxTransactionType) return undefined;
  reader.enterList();
  const start = reader.position;
  const fields = signedFields[type] as number;
  for (let i = 0; i < fields; i++) reader.skip();
  const signed = raw.subarray(start, reader.position);
  const v = reader.bigint(32);
  const signature = new Uint8Array(65);
  readWord(reader, signature, 32);
  readWord(reader, signature, 64);

  const writer = new Writer(signed.length + signingRoom);
  let parity = v;
  if (type === 0) {
    parity = v - 27n;
    if (v >= 35n) {
      parity = (v - 35n) % 2n;
      writer.uint(0);
      writer.uint(0);
      writer.bigint((v - 35n) / 2n);
    }
  }
  if (parity !== 0n && parity !== 1n) return undefined;
  signature[64] = Number(parity);
  writer.copy(signed);
  writer.wrapList(0);
  if (type > 0) writer.byte(type);
  return recover(signature, writer.finish(), crypto);
}

/**
 * Recovers the account that an authorization is of.
 *
 * @returns 20 bytes; `undefined` when the signature is not one, or s is above {@link maxSignatureS}
 */
export function recoverAuthority(
  authorization: SignedAuthorization,
  crypto: Crypto = nobleCrypto,
): Uint8Array | undefined {
  const { chainId, address, nonce, yParity, r, s } = authorization;
  if (yParity > 1 || s > maxSignatureS) return undefined;
  const writer = new Writer(96);
  writer.bigint(nonce);
  writer.string(address);
  writer.bigint(chainId);
  writer.wrapList(0);
  writer.byte(authorizationMagic);
  const signature = new Uint8Array(65);
  writeWord(r, signature, 0);
  writeWord(s, signature, 32);
  signature[64] = yParity;
  return recover(signature, writer.finish(), crypto);
}

function recover(signature: Uint8Array, message: Uint8Array, crypto: Crypto): Uint8Array | undefined {
  try {
    const publicKey = crypto.secp256k1.recover(signature, crypto.keccak256(message));
    return crypto.keccak256(publicKey).subarray(12);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-signature') return undefined;
    throw error;
  }
}

/** Reads an integer of up to 32 bytes, and writes it big-endian before `end`. */
function readWord(reader: Reader, target: Uint8Array, end: number): void {
  const length = reader.integerHeader();
  if (length > 32) throw new RlpError('out-of-range', `integer has ${length} bytes, more than 32`, reader.position);
  target.set(reader.bytes.subarray(reader.position, reader.position + length), end - length);
  reader.position += length;
}

function writeWord(value: bigint, target: Uint8Array, start: number): void {
  let rest = value;
  for (let i = start + 31; rest > 0n; i--) {
    target[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** Address of the contract that a transaction or CREATE creates, 20 bytes. @param nonce of the creator before */
export function contractAddress(
  sender: Uint8Array,
  nonce: bigint,
  crypto: Pick<Crypto, 'keccak256'> = nobleCrypto,
): Uint8Array {
  const writer = new Writer(32);
  writer.bigint(nonce);
  writer.string(sender);
  writer.wrapList(0);
  return crypto.keccak256(writer.finish()).subarray(12);
}
