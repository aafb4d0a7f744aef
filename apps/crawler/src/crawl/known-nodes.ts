import type { Enr } from '@devp2p/enr';
import type { Hint, Located, Named, Source } from '../model/named-node.ts';
import type { Endpoint, NodeRecord, Trust } from '../model/node-record.ts';
import { sequenceOf } from '../model/own-record.ts';
import { type IdentityLimit, type IdentityLimits, sourceOf } from './identity-limits.ts';

/**
 * What is done with a named node: `new` is taken in; `moved` is known and has to be looked for again now; `known` needs
 * nothing; the others are limits.
 */
export type Reception = 'new' | 'moved' | 'known' | IdentityLimit;

/** Places at which one node is looked for, and named nodes that wait for their source's credit. */
const maxPlaces = 4;
const maxWaiting = 20_000;

/** Failures in a row after which a node may be somewhere else, whatever it once proved or signed. */
const lostAfter = 3;

/** One empty list for all: there are as many as nodes, and nearly all are empty. */
const none: readonly never[] = [];

interface Known {
  trust: Trust;
  /** Sequence number of the newest record that was seen. */
  seq: bigint | undefined;
  /** A newer record than the one in the store. */
  newer: Enr | undefined;
  /** Where it is, as far as is known. */
  place: string;
  /** Where it counts; absent while nothing speaks for it being there. */
  ip: string | undefined;
  /** Whose word it is on; absent once it needs none. */
  source: string | undefined;
  busy: boolean;
  visited: boolean;
  /** Whether it was not there at its last visit. */
  isMissing: boolean;
  /** Other places at which it was looked for in vain. */
  tried: readonly string[];
  /** Other places that are still to be tried. */
  hints: readonly Hint[];
}

/** A node that its source has no credit for. */
export interface Waiting {
  readonly named: Located;
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
    const { endpoint, trust, visits, failures, lastSeen, relayedBy } = record;
    const onWord = record.origin === 'gossip' && lastSeen === undefined;
    const known = this.#add(key, {
      ...{ trust, endpoint, seq: sequenceOf(record.enr) },
      source: onWord ? relayedBy : undefined,
      ip: visits > 0 && onWord ? undefined : endpoint.ip,
    });
    known.visited = visits > 0;
    known.isMissing = failures > 0 && (record.status === 'discovered' || record.status === 'tcp');
  }

  /** Takes note of a node that `source` names; without a source, nobody's word is needed. */
  hear(named: Named, source?: Source): Reception {
    const { key, endpoint, enr } = named;
    const known = this.#nodes.get(key);
    if (known) return hearAgain(known, named);
    // Without an address there is nothing to visit.
    if (endpoint === undefined) return 'known';
    const name = source && sourceOf(source.ip, source.key);
    const limit = this.#limits.reached(this.size, endpoint.ip, name);
    if (limit === 'source' && source && name) {
      this.#wait(name, { named: { ...named, endpoint }, source });
    }
    // What the user or a signed list names is not held against those who happen to be nearby.
    if (limit !== undefined && (source !== undefined || limit === 'total')) return limit;
    const trust = enr !== undefined || source === undefined ? 'signed' : 'gossiped';
    this.#add(key, { trust, endpoint, seq: enr?.seq, source: name, ip: endpoint.ip });
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

  /** A record of the node that is newer than the one that was known, once. */
  takeNewer(key: string): Enr | undefined {
    const known = this.#nodes.get(key);
    const newer = known?.newer;
    if (known) known.newer = undefined;
    return newer;
  }

  /** The next place to look for a node of which others alone say where it is; the last one then counts as tried. */
  nextHint(key: string): Hint | undefined {
    const known = this.#nodes.get(key);
    if (known === undefined) return undefined;
    const [hint, ...rest] = known.hints;
    if (hint === undefined) return undefined;
    known.hints = rest;
    known.tried = [...known.tried, known.place];
    known.place = textOf(hint.endpoint);
    return hint;
  }

  /** Places to look for a node that is not where it has proved or signed to be. They do not replace that place. */
  hints(key: string): readonly Hint[] {
    const known = this.#nodes.get(key);
    return known === undefined || known.trust === 'gossiped' ? none : known.hints;
  }

  /** A node's newer record says where it is; `before`, where it has answered, stays a place to look for it. */
  move(key: string, endpoint: Endpoint, before: Endpoint | undefined): void {
    const known = this.#nodes.get(key);
    if (known === undefined) return;
    known.trust = 'signed';
    known.place = textOf(endpoint);
    known.tried = none;
    if (before) addHint(known, { endpoint: before });
  }

  /**
   * The record of a node has changed. A visit says besides whether the node was there, and at which other places it was
   * looked for.
   *
   * @returns nodes that are taken in now because its source has credit again.
   */
  end(
    key: string,
    record: NodeRecord,
    visit?: { readonly isThere: boolean; readonly tried: readonly Hint[] },
  ): readonly Waiting[] {
    const known = this.#nodes.get(key);
    if (known === undefined) return [];
    const { endpoint, trust, lastSeen } = record;
    known.busy = false;
    known.visited = true;
    if (visit) known.isMissing = !visit.isThere;
    if (visit?.isThere) {
      known.tried = none;
      known.hints = none;
    } else if (known.trust !== 'gossiped' && trust === 'gossiped') {
      // It may be anywhere now, so that each place is worth another look.
      known.tried = none;
    } else if (visit && visit.tried.length > 0) {
      known.hints = known.hints.filter((hint) => !visit.tried.includes(hint));
      const tried = visit.tried.map((hint) => textOf(hint.endpoint));
      known.tried = [...known.tried, ...tried].slice(-maxPlaces);
    }
    known.trust = trust;
    known.place = textOf(endpoint);
    const seq = sequenceOf(record.enr);
    if (seq !== undefined && seq > (known.seq ?? -1n)) known.seq = seq;
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
    {
      endpoint,
      ...rest
    }: Pick<Known, 'trust' | 'seq' | 'source' | 'ip'> & { readonly endpoint: Endpoint },
  ): Known {
    const known: Known = {
      ...rest,
      place: textOf(endpoint),
      newer: undefined,
      ...{ tried: none, hints: none, busy: false, visited: false, isMissing: false },
    };
    this.#nodes.set(key, known);
    if (rest.ip !== undefined) this.#limits.enter(rest.ip);
    if (rest.source !== undefined) this.#limits.charge(rest.source);
    return known;
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

/**
 * A newer record replaces what is known, whoever hands it on: the node has signed it. All else is a place to look at, if
 * the node is not where it has proved or signed to be: a claim without a signature does not move it.
 */
function hearAgain(known: Known, { endpoint, enr, stated = false }: Named): Reception {
  if (enr !== undefined && enr.seq > (known.seq ?? -1n)) {
    known.seq = enr.seq;
    known.newer = enr;
    return known.busy ? 'known' : 'moved';
  }
  if (endpoint === undefined || !addHint(known, { endpoint, stated })) return 'known';
  const isWanted = known.trust === 'gossiped' || known.isMissing || stated;
  return isWanted && known.visited && !known.busy ? 'moved' : 'known';
}

/** @returns whether the place is one that was not known. */
function addHint(known: Known, hint: Hint): boolean {
  const text = textOf(hint.endpoint);
  const { place, tried, hints, trust } = known;
  const isKnown = hints.some(({ endpoint }) => textOf(endpoint) === text);
  if (text === place || tried.includes(text) || isKnown) return false;
  if (trust === 'gossiped') {
    // The first ones are kept: each of them becomes the node's place until it is found.
    if (!hint.stated && 1 + tried.length + hints.length >= maxPlaces) return false;
    known.hints = hint.stated ? [hint, ...hints] : [...hints, hint];
  } else {
    // The latest ones are kept: the node may have been at the others for years.
    known.hints = [hint, ...hints].slice(0, maxPlaces - 1);
  }
  return true;
}

function textOf({ ip, udp, tcp }: Endpoint): string {
  return udp > 0 ? `${ip} ${udp}` : `${ip} tcp ${tcp}`;
}
