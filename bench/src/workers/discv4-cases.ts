import type { Crypto } from '@devp2p/crypto';
import type { Cases, Slice } from './serve.ts';

/** Number of nodes besides the one that sends requests, and of concurrent requests: one to each. */
const nodeCount = 20;
const neighbors = 16;
const targets = 16;

/** Nodes on loopback with full tables, and one more, which sends requests to them. */
export interface Network {
  /** Rejects unless the response is from that node. */
  ping(node: number): Promise<void>;
  findNode(node: number, target: Uint8Array): Promise<readonly Found[]>;
  /** Node ids by port. */
  readonly ids: ReadonlyMap<number, Uint8Array>;
}

export interface Found {
  readonly udp: number;
  /** Public key; `undefined` if the implementation does not report it. */
  readonly id?: Uint8Array;
}

/** Creates a network from the private keys of the requesting node and of the others. */
export type MakeNetwork = (privateKey: Uint8Array, others: readonly Uint8Array[]) => Promise<Network>;

export function discv4Cases(makeNetwork: MakeNetwork, { keccak256, secp256k1 }: Crypto): Cases {
  const key = (number: number) => keccak256(Uint8Array.of(number));
  const network = () =>
    makeNetwork(
      key(nodeCount),
      Array.from({ length: nodeCount }, (_, number) => key(number)),
    );
  return {
    'discv4-ping': async () => {
      const { ping } = await network();
      return rounds(ping);
    },
    'discv4-find-node': async () => {
      const { findNode, ids } = await network();
      const places = Array.from({ length: targets }, (_, index) => secp256k1.publicKey(key(128 + index)));
      return rounds(async (node, round) => {
        const target = places[(node + round) % targets] as Uint8Array;
        check(await findNode(node, target), ids);
      });
    },
  };
}

/** Sends requests to each node in sequence. */
function rounds(request: (node: number, round: number) => Promise<void>): Slice {
  return async (over) => {
    let count = 0;
    const worker = async (_: unknown, node: number) => {
      for (let round = 0; !over(); round++) {
        await request(node, round);
        count++;
      }
    };
    await Promise.all(Array.from({ length: nodeCount }, worker));
    return count;
  };
}

/** Checks that a response has 16 different nodes with their right endpoints. */
function check(found: readonly Found[], ids: Network['ids']): void {
  for (const { udp, id } of found) {
    const known = ids.get(udp);
    if (known === undefined || (id !== undefined && Buffer.compare(id, known) !== 0)) {
      throw new Error(`port ${udp} has another key`);
    }
  }
  const { size } = new Set(found.map(({ udp }) => udp));
  if (size !== neighbors) throw new Error(`${size} nodes, expected ${neighbors}`);
}
