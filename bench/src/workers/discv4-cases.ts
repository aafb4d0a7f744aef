import type { Crypto } from '@devp2p/crypto';
import type { Cases, Slice } from './serve.ts';

/** How many nodes there are besides the one that asks, and how many questions are under way: one to each. */
const asked = 20;
const neighbors = 16;
const targets = 16;

/** Nodes on loopback that all know each other, and one more, which asks them. */
export interface Network {
  /** Rejects unless that node itself has answered. */
  ping(node: number): Promise<void>;
  findNode(node: number, target: Uint8Array): Promise<readonly Found[]>;
  /** Who is at which port. */
  readonly ids: ReadonlyMap<number, Uint8Array>;
}

export interface Found {
  readonly udp: number;
  /** Public key; `undefined` where an implementation does not tell. */
  readonly id?: Uint8Array;
}

/** Makes a network: the private key of who asks, and of the others. */
export type MakeNetwork = (
  privateKey: Uint8Array,
  others: readonly Uint8Array[],
) => Promise<Network>;

export function discv4Cases(makeNetwork: MakeNetwork, { keccak256, secp256k1 }: Crypto): Cases {
  const key = (number: number) => keccak256(Uint8Array.of(number));
  const network = () =>
    makeNetwork(
      key(asked),
      Array.from({ length: asked }, (_, number) => key(number)),
    );
  return {
    'discv4-ping': async () => {
      const { ping } = await network();
      return rounds(ping);
    },
    'discv4-find-node': async () => {
      const { findNode, ids } = await network();
      const places = Array.from({ length: targets }, (_, index) =>
        secp256k1.publicKey(key(128 + index)),
      );
      return rounds(async (node, round) => {
        const target = places[(node + round) % targets] as Uint8Array;
        check(await findNode(node, target), ids);
      });
    },
  };
}

/** Asks each node one question after the other. */
function rounds(ask: (node: number, round: number) => Promise<void>): Slice {
  return async (over) => {
    let count = 0;
    const lane = async (_: unknown, node: number) => {
      for (let round = 0; !over(); round++) {
        await ask(node, round);
        count++;
      }
    };
    await Promise.all(Array.from({ length: asked }, lane));
    return count;
  };
}

/** As many different nodes as an answer may have, and each where it is. */
function check(found: readonly Found[], ids: Network['ids']): void {
  for (const { udp, id } of found) {
    const known = ids.get(udp);
    if (known === undefined || (id !== undefined && Buffer.compare(id, known) !== 0)) {
      throw new Error(`nobody of that key is at port ${udp}`);
    }
  }
  const { size } = new Set(found.map(({ udp }) => udp));
  if (size !== neighbors) throw new Error(`${size} nodes, not ${neighbors}`);
}
