import { type IdentityLimit, type IdentityLimits, sourceOf } from './identity-limits.ts';
import type { Endpoint, NodeRecord, Trust } from './node-record.ts';

/** A place where a node may be, and who says so. */
export interface Hint {
  readonly endpoint: Endpoint;
  /** Text of the node's own record, when that is what says so. */
  readonly enr?: string | undefined;
}

/** A node as somebody names it. */
export interface Named extends Hint {
  /** The id as hex. */
  readonly key: string;
  readonly id: Uint8Array;
}

/** Who names nodes. */
export interface Source {
  readonly ip: string;
  readonly key: string;
}

/**
 * What is done with a named node: `new` is taken in; `moved` is known and to be looked for at the hint; `known` needs
 * nothing; the others are limits.
 */
export type Reception = 'new' | 'moved' | 'known' | IdentityLimit;

/** Places at which a node that has not answered is looked for, and named ones that wait for their source's credit. */
const maxPlaces = 4;
const maxWaiting = 20_000;

/** Failures in a row after which a node may be somewhere else, whatever it once proved or signed. */
const lostAfter = 3;

/** One empty list for all: there are as many as nodes, and nearly all are empty. */
const none: readonly never[] = [];

interface Known {
  trust: Trust;
  /** Where it counts; absent while nothing speaks for it being there. */
  ip: string | undefined;
  /** Whose word it is on; absent once it needs none. */
  source: string | undefined;
  busy: boolean;
  visited: boolean;
  /** Places that were tried or are being tried; only while it is on others' word. */
  tried: readonly string[];
  /** Places that are still to be tried. */
  hints: readonly Hint[];
  /** Where it was proved or signed to be until it was lost: the same record once more is no news. */
  lostAt: string | undefined;
}

/** A node that its source has no credit for. */
export interface Waiting {
  readonly named: Named;
  readonly source: Source;
}

/** What has to be at hand of every node while the crawl runs; the rest is in the store. */
export class KnownNodes {
  readonly #limits: IdentityLimits;
  readonly #nodes = new Map<string, Known>();
  readonly #waiting = new Map<string, Waiting[]>();
  #waitingCount = 0;

  constructor(limits: IdentityLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Whether this source's word is worth nothing for now. */
  isSpent(source: Source): boolean {
    return this.#limits.isSpent(sourceOf(source.ip, source.key));
  }

  /** Takes in a node of the store. */
  restore(key: string, record: NodeRecord): void {
    const { endpoint, trust, visits, lastSeen, relayedBy } = record;
    const onWord = record.origin === 'gossip' && lastSeen === undefined;
    const source = onWord && relayedBy !== undefined ? relayedBy : undefined;
    this.#add(key, { trust, endpoint, source, ip: visits > 0 && onWord ? undefined : endpoint.ip });
    const known = this.#nodes.get(key);
    if (!known) return;
    known.visited = visits > 0;
    const isLost = trust === 'gossiped' && record.enr !== undefined;
    if (isLost && record.failures >= lostAfter) known.lostAt = textOf(endpoint);
  }

  /** Takes note of a node that `source` names; without a source, nobody's word is needed. */
  hear(named: Named, source?: Source): Reception {
    const { key, endpoint, enr } = named;
    const known = this.#nodes.get(key);
    if (known) return this.#hearAgain(known, named);
    const name = source && sourceOf(source.ip, source.key);
    const limit = this.#limits.reached(this.size, endpoint.ip, name);
    if (limit === 'source' && source && name) this.#wait(name, { named, source });
    // What the user or a signed list names is not held against those who happen to be nearby.
    if (limit !== undefined && (source !== undefined || limit === 'total')) return limit;
    const trust = enr !== undefined || source === undefined ? 'signed' : 'gossiped';
    this.#add(key, { trust, endpoint, source: name, ip: endpoint.ip });
    return 'new';
  }

  /** Somebody is about to change a node; not when somebody else is at it, until `end`. */
  begin(key: string): boolean {
    const known = this.#nodes.get(key);
    if (known === undefined) return true;
    const { busy } = known;
    known.busy = true;
    return !busy;
  }

  /** The next place to look for a node that was not found; the place then counts as tried. */
  nextHint(key: string): Hint | undefined {
    const known = this.#nodes.get(key);
    if (known === undefined) return undefined;
    const [hint, ...rest] = known.hints;
    if (hint === undefined) return undefined;
    known.hints = rest;
    known.tried = [...known.tried, textOf(hint.endpoint)];
    return hint;
  }

  /**
   * A node was visited, and this is its record now.
   *
   * @returns nodes that are taken in now because its source has credit again.
   */
  end(key: string, record: NodeRecord): readonly Waiting[] {
    const known = this.#nodes.get(key);
    if (known === undefined) return [];
    const { endpoint, trust, lastSeen } = record;
    known.busy = false;
    known.visited = true;
    if (trust !== 'gossiped') {
      known.tried = none;
      known.hints = none;
    } else if (known.trust !== 'gossiped') {
      known.lostAt = textOf(endpoint);
      known.tried = [known.lostAt];
    }
    known.trust = trust;
    this.#place(known, lastSeen === undefined && trust === 'gossiped' ? undefined : endpoint.ip);
    if (lastSeen === undefined || known.source === undefined) return [];
    const { source } = known;
    known.source = undefined;
    this.#limits.credit(source);
    return this.#callIn(source);
  }

  /** A node is forgotten. */
  forget(key: string): void {
    const known = this.#nodes.get(key);
    if (known === undefined) return;
    this.#nodes.delete(key);
    this.#place(known, undefined);
    if (known.source !== undefined) this.#limits.credit(known.source);
  }

  #add(
    key: string,
    { endpoint, ...rest }: Pick<Known, 'trust' | 'source' | 'ip'> & { readonly endpoint: Endpoint },
  ): void {
    const tried = rest.trust === 'gossiped' ? [textOf(endpoint)] : none;
    const known = { ...rest, tried, hints: none, busy: false, visited: false, lostAt: undefined };
    this.#nodes.set(key, known);
    if (rest.ip !== undefined) this.#limits.enter(rest.ip);
    if (rest.source !== undefined) this.#limits.charge(rest.source);
  }

  #hearAgain(known: Known, { endpoint, enr }: Named): Reception {
    // A word does not count against a proof or a signature.
    if (known.trust !== 'gossiped') return 'known';
    const text = textOf(endpoint);
    const isKnown =
      known.tried.includes(text) || known.hints.some((h) => textOf(h.endpoint) === text);
    if (isKnown && (enr === undefined || text === known.lostAt)) return 'known';
    if (known.tried.length + known.hints.length >= maxPlaces && enr === undefined) return 'known';
    if (enr === undefined) known.hints = [...known.hints, { endpoint }];
    else known.hints = [{ endpoint, enr }];
    return known.visited && !known.busy ? 'moved' : 'known';
  }

  #place(known: Known, ip: string | undefined): void {
    if (known.ip === ip) return;
    if (known.ip !== undefined) this.#limits.leave(known.ip);
    if (ip !== undefined) this.#limits.enter(ip);
    known.ip = ip;
  }

  #wait(name: string, waiting: Waiting): void {
    if (this.#waitingCount >= maxWaiting) return;
    const others = this.#waiting.get(name);
    if (others) others.push(waiting);
    else this.#waiting.set(name, [waiting]);
    this.#waitingCount++;
  }

  #callIn(name: string): readonly Waiting[] {
    const queue = this.#waiting.get(name) ?? [];
    const called: Waiting[] = [];
    while (queue.length > 0 && !this.#limits.isSpent(name)) {
      const [waiting] = queue.splice(0, 1);
      this.#waitingCount--;
      if (waiting && this.hear(waiting.named, waiting.source) === 'new') called.push(waiting);
    }
    if (queue.length === 0) this.#waiting.delete(name);
    return called;
  }
}

/** How far an endpoint is to be believed after one more visit in vain. */
export function trustAfter(trust: Trust, failures: number): Trust {
  return failures >= lostAfter ? 'gossiped' : trust;
}

function textOf({ ip, udp }: Endpoint): string {
  return `${ip} ${udp}`;
}
