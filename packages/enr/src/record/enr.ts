import { toHex } from '@devp2p/bytes';
import { base64urlnopad } from '@scure/base';
import type { NodeId } from '../enode/node-id.ts';
import { type EnrEntries, type Pairs, readEntry } from './enr-pairs.ts';

/** Keys that {@link Enr.toJSON} has under a name of their own. */
const shownKeys: ReadonlySet<string> = new Set([
  ...['id', 'secp256k1', 'ip', 'tcp', 'udp', 'ip6', 'tcp6', 'udp6', 'eth'],
]);

/** What an {@link Enr} is made of. */
interface Parts {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly seq: bigint;
  readonly id: NodeId;
  readonly pairs: Pairs;
}

/**
 * A node record (EIP-778): what a node says about itself, signed by its key. There is none without a valid signature:
 * records come from `decodeEnr`, `parseEnr`, `signEnr` and `updateEnr`. A record does not change, and what its
 * properties return is not to be written to.
 */
export class Enr {
  /** The record as it is on the wire, at most 300 bytes. */
  readonly bytes: Uint8Array;
  /** 64 bytes: r and s. */
  readonly signature: Uint8Array;
  /** Goes up with every change; of two records of one node the higher is the newer. */
  readonly seq: bigint;
  /** The node's public key, 64 bytes. */
  readonly id: NodeId;
  /** All pairs in the order of their keys, each value as its complete RLP encoding, which may be a list. */
  readonly pairs: ReadonlyMap<string, Uint8Array>;

  constructor({ bytes, signature, seq, id, pairs }: Parts) {
    this.bytes = bytes;
    this.signature = signature;
    this.seq = seq;
    this.id = id;
    this.pairs = pairs;
  }

  /** IPv4 address. */
  get ip(): string | undefined {
    return this.#entry('ip');
  }

  /** RLPx port, for IPv6 as well if there is no `tcp6`. */
  get tcp(): number | undefined {
    return this.#entry('tcp');
  }

  /** Discovery port, for IPv6 as well if there is no `udp6`. */
  get udp(): number | undefined {
    return this.#entry('udp');
  }

  /** IPv6 address in its canonical form. */
  get ip6(): string | undefined {
    return this.#entry('ip6');
  }

  get tcp6(): number | undefined {
    return this.#entry('tcp6');
  }

  get udp6(): number | undefined {
    return this.#entry('udp6');
  }

  /** Fork id of the node's chain; `undefined` when the record has none or one of another form (it is not EIP-778's). */
  get eth(): EnrEntries['eth'] | undefined {
    try {
      return this.#entry('eth');
    } catch {
      return undefined;
    }
  }

  /** Bytes as hex and bigints as text, for `JSON.stringify` and logs; `enr` is all of it. */
  toJSON(): Record<string, unknown> {
    const { seq, id, ip, tcp, udp, ip6, tcp6, udp6, eth } = this;
    const known = {
      ...{ enr: `enr:${base64urlnopad.encode(this.bytes)}`, seq: String(seq), id: toHex(id) },
      ...{ ip, tcp, udp, ip6, tcp6, udp6 },
      eth: eth && { hash: toHex(eth.hash), next: String(eth.next) },
      other: [...this.pairs.keys()].filter((key) => !shownKeys.has(key)),
    };
    return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  }

  #entry<K extends keyof EnrEntries>(key: K): EnrEntries[K] | undefined {
    const value = this.pairs.get(key);
    return value && readEntry(key, value);
  }
}

/** How `console.log` shows it. */
Object.defineProperty(Enr.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(
    this: Enr,
    _depth: number,
    options: object,
    inspect: (value: unknown, o: object) => string,
  ) {
    return `Enr ${inspect(this.toJSON(), options)}`;
  },
});
