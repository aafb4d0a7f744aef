import { concatBytes } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { encode, type Tree, tree } from '@devp2p/rlp';

/** Fields of a transaction; integers are minimal, others are bytes. */
export interface TransactionFields {
  readonly type?: number;
  readonly chainId?: bigint;
  readonly nonce?: bigint;
  /** Of types 0 and 1, in wei. */
  readonly gasPrice?: bigint;
  readonly maxPriorityFeePerGas?: bigint;
  readonly maxFeePerGas?: bigint;
  readonly gas?: bigint;
  /** `undefined` for a creation. */
  readonly to?: Uint8Array | undefined;
  readonly value?: bigint;
  readonly input?: Uint8Array;
  readonly accessList?: readonly (readonly [address: Uint8Array, slots: readonly bigint[]])[];
  readonly maxFeePerBlobGas?: bigint;
  readonly blobs?: readonly Uint8Array[];
  readonly authorizations?: readonly AuthorizationFields[];
  /** Whether a legacy transaction has no replay protection. */
  readonly isUnprotected?: boolean;
  /** Changes the signature. */
  readonly signature?: (signature: { parity: bigint; r: bigint; s: bigint }) => {
    parity: bigint;
    r: bigint;
    s: bigint;
  };
}

interface AuthorizationFields {
  readonly chainId?: bigint;
  readonly address: Uint8Array;
  readonly nonce?: bigint;
  readonly key: Uint8Array;
}

const chainId = 1234n;
/** Order of secp256k1's group. */
export const groupOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** A private key that repeats one byte. */
export const keyOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

export function addressOf(key: Uint8Array): Uint8Array {
  return crypto.keccak256(crypto.secp256k1.publicKey(key)).slice(12);
}

/** Signs a transaction. @returns its canonical form */
export function signTransaction(key: Uint8Array, fields: TransactionFields): Uint8Array {
  const { type = 0, isUnprotected = false } = fields;
  const id = fields.chainId ?? chainId;
  const unsigned = unsignedFields(type, id, fields);
  const replay = type === 0 && !isUnprotected ? [integer(id), integer(0n), integer(0n)] : [];
  const hash = crypto.keccak256(withType(type, encode(tree(), [...unsigned, ...replay])));
  const { parity, r, s } = (fields.signature ?? ((same) => same))(sign(hash, key));
  const v = type > 0 ? parity : isUnprotected ? 27n + parity : id * 2n + 35n + parity;
  return withType(type, encode(tree(), [...unsigned, ...[v, r, s].map(integer)]));
}

function unsignedFields(type: number, id: bigint, fields: TransactionFields): Tree[] {
  const { nonce = 0n, gas = 100_000n, to, value = 0n, input = new Uint8Array() } = fields;
  const fees =
    type < 2
      ? [fields.gasPrice ?? 10_000_000_000n]
      : [fields.maxPriorityFeePerGas ?? 1n, fields.maxFeePerGas ?? 10_000_000_000n];
  const lists: Tree[] = [];
  if (type > 0) {
    lists.push((fields.accessList ?? []).map(([address, slots]) => [address, slots.map(word)]));
  }
  if (type === 3) lists.push(integer(fields.maxFeePerBlobGas ?? 10_000_000_000n), [...(fields.blobs ?? [])]);
  if (type === 4) lists.push((fields.authorizations ?? []).map(authorization));
  const first = type === 0 ? [nonce] : [id, nonce];
  return [...[...first, ...fees, gas].map(integer), to ?? new Uint8Array(), integer(value), input, ...lists];
}

function authorization({ chainId: id = 0n, address, nonce = 0n, key }: AuthorizationFields): Tree {
  const fields = [integer(id), address, integer(nonce)];
  const { parity, r, s } = sign(crypto.keccak256(withType(5, encode(tree(), fields))), key);
  return [...fields, ...[parity, r, s].map(integer)];
}

function sign(hash: Uint8Array, key: Uint8Array): { parity: bigint; r: bigint; s: bigint } {
  const signature = crypto.secp256k1.sign(hash, key);
  return {
    parity: BigInt(signature[64] as number),
    r: numberOf(signature.subarray(0, 32)),
    s: numberOf(signature.subarray(32, 64)),
  };
}

function withType(type: number, payload: Uint8Array): Uint8Array {
  return type === 0 ? payload : concatBytes(Uint8Array.of(type), payload);
}

/** The bytes of an integer without leading zeros. */
function integer(value: bigint): Uint8Array {
  const digits = value === 0n ? '' : value.toString(16);
  return Uint8Array.from(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
}

function word(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
