import type { Crypto } from '@devp2p/crypto';
import type { Case, Cases, Slice } from './serve.ts';

const inputs = 16;
const bulk = 1 << 16;
const peeks = 1024;
/** Expected digest in every implementation. */
const expectedDigest = '118e79ed8c01e0c38258cf1b122804ee3219cae7bb1528df025a4dc9b4ffe128';

export function cryptoCases({ secp256k1, keccak256, createKeccak256 }: Crypto): Cases {
  /** Hashes of numbers, used as private keys and messages. */
  const keys = Array.from({ length: inputs }, (_, number) => keccak256(Uint8Array.of(number)));
  const key = (index: number) => keys[index] as Uint8Array;

  const hashing = (size: number, unit: number): Case =>
    checked(() => {
      const data = new Uint8Array(size).fill(0xa5);
      return (index) => {
        data[0] = index;
        return keccak256(data);
      };
    }, unit);

  return {
    'crypto-public-key': checked(() => (index) => secp256k1.publicKey(key(index))),
    'crypto-sign': checked(() => (index) => secp256k1.sign(key(index), key(0))),
    'crypto-recover': checked(() => {
      const signed = keys.map((hash) => secp256k1.sign(hash, key(0)));
      const publicKey = secp256k1.publicKey(key(0));
      return (index) => {
        const recovered = secp256k1.recover(signed[index] as Uint8Array, key(index));
        if (Buffer.compare(recovered, publicKey) !== 0) throw new Error('recovered a wrong key');
        return recovered;
      };
    }),
    'crypto-ecdh': checked(() => {
      const publicKeys = keys.map((privateKey) => secp256k1.publicKey(privateKey));
      return (index) => secp256k1.ecdh(key(0), publicKeys[index] as Uint8Array);
    }),
    'crypto-keccak-bulk': hashing(bulk, bulk),
    'crypto-keccak-200': hashing(200, 1),
    'crypto-keccak-peeks': () => peeking(createKeccak256),
  };
}

/** Absorbs 16 bytes of the last digest and reads the next one, as for the MAC of a frame. */
function peeking(createKeccak256: Crypto['createKeccak256']): Slice {
  const seed = new Uint8Array(16);
  return (over) => {
    let count = 0;
    while (!over()) {
      seed.fill(0);
      const sponge = createKeccak256();
      let digest: Uint8Array = seed;
      for (let round = 0; round < peeks; round++) {
        digest = sponge.update(seed).digest();
        for (let index = 0; index < seed.length; index++) seed[index] = digest[index] as number;
      }
      sponge.close();
      const end = Buffer.from(digest).toString('hex');
      if (end !== expectedDigest) throw new Error(`digest is ${end}, expected ${expectedDigest}`);
      count += peeks;
    }
    return count;
  };
}

/** Runs a function on its inputs; the results have to be the same each time. Counts each as `unit`. */
function checked(make: () => (index: number) => Uint8Array, unit = 1): Case {
  return () => {
    const work = make();
    const want = Array.from({ length: inputs }, (_, index) => work(index));
    return (over) => {
      let count = 0;
      while (!over()) {
        for (let index = 0; index < inputs; index++) {
          const result = work(index);
          const known = want[index] as Uint8Array;
          if (result[0] !== known[0] || result[31] !== known[31]) {
            throw new Error(`input ${index} has a different result`);
          }
        }
        count += inputs * unit;
      }
      return count;
    };
  };
}
