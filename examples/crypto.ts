// Signs, recovers and agrees on a secret with both backends, and reads digests of a running keccak-256.
import { generatePrivateKey, nobleCrypto } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';

for (const { secp256k1, keccak256, createKeccak256 } of [nobleCrypto, fastCrypto]) {
  const alice = generatePrivateKey();
  const bob = generatePrivateKey();

  // A public key is 64 bytes, x ‖ y: the node id of devp2p.
  const hash = keccak256(new TextEncoder().encode('hello'));
  const signature = secp256k1.sign(hash, alice);
  const signer = secp256k1.recover(signature, hash);
  console.log(secp256k1.verify(signature.subarray(0, 64), hash, signer)); // true

  const shared = secp256k1.ecdh(alice, secp256k1.publicKey(bob));
  const same = secp256k1.ecdh(bob, signer);
  console.log(shared.every((byte, i) => byte === same[i])); // true

  // Reading a digest does not end the sponge.
  const sponge = createKeccak256();
  for (const part of ['every ', 'frame ', 'counts']) {
    const digest = sponge.update(new TextEncoder().encode(part)).digest();
    console.log(digest.length); // 32
  }
  sponge.close();
}
