import type { NodeStatus } from '@devp2p/crawler';

/** Kinds of nodes, with their share in percent of a mixed network and the last possible step of a visit. */
export const kinds = {
  /** On the chain, with the current head. */
  honest: { share: 58, reaches: 'synced' },
  /** As honest, with a delay before each response. */
  slow: { share: 8, reaches: 'synced' },
  /** As honest, but its Neighbors contain nodes that do not exist or have another endpoint. */
  lying: { share: 4, reaches: 'synced' },
  /** On another chain. */
  foreign: { share: 8, reaches: 'status' },
  /** Has too many peers, and sends Disconnect instead of Hello. */
  full: { share: 10, reaches: 'authenticated' },
  /** Offline after the other nodes have added it to their tables. */
  dead: { share: 12, reaches: 'discovered' },
} as const satisfies Record<string, { readonly share: number; readonly reaches: NodeStatus }>;

export type Kind = keyof typeof kinds;

const mix = Object.entries(kinds).flatMap(([kind, { share }]) => new Array<Kind>(share).fill(kind as Kind));

/** Returns the kind of a node by its number. 37 and 100 are coprime, so that all kinds occur in turn. */
export function kindOf(number: number, isMixed: boolean): Kind {
  return (isMixed && mix[(number * 37) % mix.length]) || 'honest';
}
