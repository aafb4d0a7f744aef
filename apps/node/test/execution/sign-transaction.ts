import { concatBytes } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { bigint, encode, type Tree, tree } from '@devp2p/rlp';

/** The private key and the address of a test account. */
export interface TestAccount {
  readonly key: Uint8Array;
  readonly address: Uint8Array;
}

/** An account whose key is this number. */
export function testAccount(number: number): TestAccount {
  const key = new Uint8Array(32);
  new DataView(key.buffer).setUint32(28, number);
  const address = crypto.keccak256(crypto.secp256k1.publicKey(key)).subarray(12);
  return { key, address };
}

/** Fields of a transaction to sign. */
export interface TransactionFields {
  readonly chainId: bigint;
  readonly nonce: number;
  /** @default 2 */
  readonly type?: 0 | 2 | 3;
  /** In wei. For type 0 the gas price is `maxFee`. @default 1 gwei */
  readonly tip?: bigint;
  /** @default 100 gwei */
  readonly maxFee?: bigint;
  /** @default 21_000 */
  readonly gas?: number;
  /** @default a contract creation */
  readonly to?: Uint8Array;
  readonly value?: bigint;
  readonly data?: Uint8Array;
  /** Of type 3. */
  readonly blobHashes?: readonly Uint8Array[];
  /** Of type 3, in wei. @default 100 gwei */
  readonly maxBlobFee?: bigint;
}

const gwei = 1_000_000_000n;

function integer(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array();
  const encoded = encode(bigint(256), value);
  return value < 128n ? encoded : encoded.subarray(1);
}

/** Signs a transaction. @returns its canonical form */
export function signTransaction({ key }: TestAccount, fields: TransactionFields): Uint8Array {
  const { chainId, nonce, type = 2, tip = gwei, maxFee = 100n * gwei, gas = 21_000 } = fields;
  const { to = new Uint8Array(), value = 0n, data = new Uint8Array(), blobHashes = [] } = fields;
  const { maxBlobFee = 100n * gwei } = fields;
  const common: Tree[] = [integer(BigInt(gas)), to, integer(value), data];
  const fees = type === 0 ? [integer(maxFee)] : [integer(tip), integer(maxFee)];
  const typed: Tree[] = type === 3 ? [[], integer(maxBlobFee), [...blobHashes]] : [[]];
  const body: Tree[] = [integer(BigInt(nonce)), ...fees, ...common];
  const payload: Tree[] = type === 0 ? body : [integer(chainId), ...body, ...typed];
  const signed: Tree[] = type === 0 ? [...payload, integer(chainId), integer(0n), integer(0n)] : payload;
  const encoded = (items: Tree[]): Uint8Array => {
    const list = encode(tree(), items);
    return type === 0 ? list : concatBytes(Uint8Array.of(type), list);
  };
  const message = encoded(signed);
  const signature = crypto.secp256k1.sign(crypto.keccak256(message), key);
  const word = (start: number): Uint8Array => {
    const bytes = signature.subarray(start, start + 32);
    return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  };
  const parity = BigInt(signature[64] as number);
  const v = type === 0 ? chainId * 2n + 35n + parity : parity;
  return encoded([...payload, integer(v), word(0), word(32)]);
}
