import type { NodeStatus } from '@devp2p/crawler';

/** What kinds of nodes there are, how many of a hundred are of each in a mixed network, and what a visit comes to. */
export const kinds = {
  /** On the chain, with the head of this moment. */
  honest: { share: 58, reaches: 'synced' },
  /** The same, but each of its answers takes long. */
  slow: { share: 8, reaches: 'synced' },
  /** The same, but it names neighbors that nobody is, or that are elsewhere. */
  lying: { share: 4, reaches: 'synced' },
  /** On another chain. */
  foreign: { share: 8, reaches: 'status' },
  /** Has too many peers, and says so instead of Hello. */
  full: { share: 10, reaches: 'authenticated' },
  /** Was there when the others came to know it, and has gone. */
  dead: { share: 12, reaches: 'discovered' },
} as const satisfies Record<string, { readonly share: number; readonly reaches: NodeStatus }>;

export type Kind = keyof typeof kinds;

const mix = Object.entries(kinds).flatMap(([kind, { share }]) =>
  new Array<Kind>(share).fill(kind as Kind),
);

/** The kind of a node by its number. 37 has no factor in common with 100, so that all of the mix comes in turn. */
export function kindOf(number: number, isMixed: boolean): Kind {
  return (isMixed && mix[(number * 37) % mix.length]) || 'honest';
}
