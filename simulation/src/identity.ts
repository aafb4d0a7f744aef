import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import type { Enode } from '@devp2p/enr';
import { parseIp } from '@devp2p/ip';
import type { SeededRandom } from '@devp2p/random/seeded';
import type { Place } from './link.ts';
import { type Identity, port } from './node.ts';

/** Creates identities: keys, and addresses in a number of /16 networks. */
export class Registrar {
  readonly #crypto: Crypto;
  readonly #random: SeededRandom;
  readonly #taken = new Set<string>();

  constructor(crypto: Crypto, random: SeededRandom) {
    this.#crypto = crypto;
    this.#random = random;
  }

  /**
   * Creates an identity.
   *
   * @param first first byte of the lowest network
   */
  register(first: number, networks: number): Identity {
    const { secp256k1 } = this.#crypto;
    const privateKey = this.#random.bytes(32);
    const id = secp256k1.publicKey(privateKey);
    const host = this.#host(first, networks);
    const ip = parseIp(host) as Uint8Array;
    return { privateKey, place: { id, key: toHex(id), host, ip } };
  }

  #host(first: number, networks: number): string {
    const random = this.#random;
    for (;;) {
      const network = random.below(networks);
      const host = `${first + (network >> 8)}.${network & 255}.${random.below(256)}.${1 + random.below(254)}`;
      if (this.#taken.has(host)) continue;
      this.#taken.add(host);
      return host;
    }
  }
}

export function enodeOf({ id, host }: Place): Enode {
  return { id, host, tcp: port, udp: port };
}
