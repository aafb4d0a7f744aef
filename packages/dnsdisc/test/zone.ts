// DNS zone in memory, and trees for it.

import { fromHex } from '@devp2p/bytes';
import { type Enr, signEnr } from '@devp2p/enr';
import type { TreeUrl } from '../src/index.ts';
import { formatTreeUrl, makeTree, type NodeTree, type ResolveTxt } from '../src/index.ts';

/** Private key of a small number. */
export function key(number: number): Uint8Array {
  return fromHex(number.toString(16).padStart(64, '0'));
}

/** `count` records of different nodes, numbered from `first`. */
export function records(count: number, first = 1): Enr[] {
  return Array.from({ length: count }, (_, i) => record(first + i));
}

const made = new Map<number, Enr>();

function record(number: number): Enr {
  const enr = made.get(number) ?? signEnr({ ip: '192.0.2.1', tcp: number }, key(number));
  made.set(number, enr);
  return enr;
}

export const SIGNER: Uint8Array = key(5000);

/** Tree at a domain, by default with the signature of {@link SIGNER}. */
export function publish(
  zone: Zone,
  domain: string,
  {
    nodes = [],
    links = [],
    seq = 1n,
    privateKey = SIGNER,
  }: { nodes?: Enr[]; links?: string[]; seq?: bigint; privateKey?: Uint8Array } = {},
): { url: string; tree: NodeTree } {
  const tree = makeTree(nodes, links, { seq, privateKey });
  zone.put(domain, tree.root);
  for (const [hash, text] of tree.entries) zone.put(`${hash}.${domain}`, text);
  const url: TreeUrl = { publicKey: tree.publicKey, domain };
  return { url: formatTreeUrl(url), tree };
}

export type Answer = string[][];

/** Records of a zone, and a list of the requests. */
export class Zone {
  readonly names = new Map<string, Answer>();
  readonly asked: { name: string; at: number }[] = [];
  /** Replaces the response for a name, if it returns one. */
  intercept: ((name: string, answer: Answer) => Answer | Promise<Answer> | undefined) | undefined;
  readonly #now: () => number;

  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  put(name: string, ...texts: string[]): void {
    this.names.set(
      name.toLowerCase(),
      texts.map((text) => [text]),
    );
  }

  text(name: string): string {
    return this.names.get(name.toLowerCase())?.[0]?.join('') ?? '';
  }

  readonly resolveTxt: ResolveTxt = async (name) => {
    this.asked.push({ name, at: this.#now() });
    const answer = this.names.get(name.toLowerCase()) ?? [];
    return this.intercept?.(name, answer) ?? answer;
  };

  /** Times of the requests for a name, in milliseconds. */
  times(name: string): number[] {
    return this.asked.filter((query) => query.name === name).map(({ at }) => at);
  }
}
