import type { Clock } from '@devp2p/clock';
import { type Node, withEnr } from './node.ts';
import { sourceOf } from './source.ts';

/** What is remembered of a node id at an IP address. Times are of the monotonic clock. */
export interface Bond {
  /** The node as it last proved to be there; until it has, as somebody said. */
  node: Node;
  pingSent?: number | undefined;
  pingReceived?: number | undefined;
  /** When the node last proved that it receives what is sent to this address. */
  pongReceived?: number | undefined;
  /** When it last answered what it answers only to those who have proved the same to it. */
  answered?: number | undefined;
  /** FindNode requests in a row that came to nothing. */
  findFailures: number;
}

/** What {@link Bonds} is made with. */
export interface BondsOptions {
  readonly clock: Clock;
  /** How long a proof holds, in ms. */
  readonly lifetime: number;
  /** Bonds kept; the oldest goes for one more. */
  readonly maxBonds: number;
  /** Bonds kept of one source, so that nobody can wash out all others by being many. */
  readonly maxBondsPerSource: number;
  /** Called with a bond that had to go for another. */
  readonly onDrop?: ((bond: Bond) => void) | undefined;
}

/**
 * Who has proved to be where. A query is answered only to somebody whose Pong came from the same IP address, else one
 * could have large answers sent to a victim by writing the victim's address on small questions (discv4.md, "Endpoint
 * Proof").
 */
export class Bonds {
  readonly #options: BondsOptions;
  /** By source, then by id and address; both in the order of last use. */
  readonly #sources = new Map<string, Map<string, Bond>>();
  #size = 0;

  constructor(options: BondsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string, host: string, ip: Uint8Array): Bond | undefined {
    return this.#sources.get(sourceOf(host, ip))?.get(nameOf(key, host, ip));
  }

  /** Whether anybody at all is known there: if not, there is no need to find out who is asking. */
  hasSource(host: string, ip: Uint8Array): boolean {
    return this.#sources.has(sourceOf(host, ip));
  }

  /** The bond of a node, made if there is none: whoever is known there is where it has proved to be. */
  open(node: Node): Bond {
    const source = sourceOf(node.host, node.ip);
    const name = nameOf(node.key, node.host, node.ip);
    const bonds = this.#sources.get(source) ?? new Map<string, Bond>();
    let bond = bonds.get(name);
    if (bond) {
      bonds.delete(name);
    } else {
      bond = { node, findFailures: 0 };
      this.#size++;
      const shared = node.network !== 'global';
      if (!shared && bonds.size >= this.#options.maxBondsPerSource) this.#dropOldest(bonds);
    }
    bonds.set(name, bond);
    this.#sources.delete(source);
    this.#sources.set(source, bonds);
    if (this.#size > this.#options.maxBonds) {
      const [[oldest, itsBonds] = []] = this.#sources;
      if (oldest !== undefined && itsBonds) {
        this.#dropOldest(itsBonds);
        if (itsBonds.size === 0) this.#sources.delete(oldest);
      }
    }
    return bond;
  }

  /** The bond of a node that has just proved to be there. */
  prove(node: Node): Bond {
    const bond = this.open(node);
    const { enr } = bond.node;
    bond.node = node.enr || !enr ? node : withEnr(node, enr);
    bond.pongReceived = this.#options.clock.monotonic();
    return bond;
  }

  /** Whether the node has proved its address, not too long ago. */
  isProven(bond: Bond | undefined): bond is Bond {
    return bond !== undefined && this.#isRecent(bond.pongReceived);
  }

  /** Whether the node has reason to hold our address for proved. */
  acceptsUs(bond: Bond): boolean {
    return this.#isRecent(bond.pingReceived) || this.#isRecent(bond.answered);
  }

  /** Forgets bonds that have nothing left to say. */
  expire(): void {
    for (const [source, bonds] of this.#sources) {
      for (const [name, bond] of bonds) {
        if (this.#isRecent(bond.pongReceived) || this.#isRecent(bond.pingSent)) continue;
        bonds.delete(name);
        this.#size--;
      }
      if (bonds.size === 0) this.#sources.delete(source);
    }
  }

  #isRecent(time: number | undefined): boolean {
    return time !== undefined && this.#options.clock.monotonic() - time < this.#options.lifetime;
  }

  #dropOldest(bonds: Map<string, Bond>): void {
    for (const [name, bond] of bonds) {
      bonds.delete(name);
      this.#size--;
      this.#options.onDrop?.(bond);
      return;
    }
  }
}

/** What a bond is found by within its source, which for IPv4 is the address itself. */
function nameOf(key: string, host: string, ip: Uint8Array): string {
  return ip.length === 4 ? key : `${key} ${host}`;
}
