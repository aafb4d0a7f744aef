import { toHex } from '@devp2p/bytes';
import { base64urlnopad } from '@scure/base';
import type { NodeId } from '../enode/node-id.ts';
import { type EnrEntries, type Pairs, readEntry } from './enr-pairs.ts';

/** Keys that {@link Enr.toJSON} does not list under `other`. */
const shownKeys: ReadonlySet<string> = new Set(['id', 'secp256k1', 'ip', 'tcp', 'udp', 'ip6', 'tcp6', 'udp6', 'eth']);

/** Content of an {@link Enr}. */
interface Parts {
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly seq: bigint;
  readonly id: NodeId;
  readonly pairs: Pairs;
}

/**
 * Node record (EIP-778): identity and endpoint of a node, signed by its key. Every record has a valid signature, because
 * only `decodeEnr`, `parseEnr`, `signEnr` and `updateEnr` create records. Records are immutable: do not write to the
 * arrays and maps that they return.
 */
export class Enr {
  /** Encoded record, at most 300 bytes. */
  readonly bytes: Uint8Array;
  /** Signature of 64 bytes, r ‖ s. */
  readonly signature: Uint8Array;
  /** Sequence number, which increases with every change: the newer of two records of a node has the higher one. */
  readonly seq: bigint;
  /** Public key of the node, 64 bytes. */
  readonly id: NodeId;
  /** All pairs in the order of their keys. Values are complete RLP encodings of a string or list. */
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

  /** RLPx port, also for IPv6 if the record has no `tcp6`. */
  get tcp(): number | undefined {
    return this.#entry('tcp');
  }

  /** Discovery port, also for IPv6 if the record has no `udp6`. */
  get udp(): number | undefined {
    return this.#entry('udp');
  }

  /** IPv6 address in canonical form. */
  get ip6(): string | undefined {
    return this.#entry('ip6');
  }

  get tcp6(): number | undefined {
    return this.#entry('tcp6');
  }

  get udp6(): number | undefined {
    return this.#entry('udp6');
  }

  /** Fork id of the node; `undefined` if the entry is missing or malformed, since EIP-778 does not define it. */
  get eth(): EnrEntries['eth'] | undefined {
    try {
      return this.#entry('eth');
    } catch {
      return undefined;
    }
  }

  /** For `JSON.stringify` and logs: bytes as hex, bigints as text. `enr` is the complete record. */
  toJSON(): Record<string, unknown> {
    const { seq, id, ip, tcp, udp, ip6, tcp6, udp6, eth } = this;
    const known = {
      enr: `enr:${base64urlnopad.encode(this.bytes)}`,
      seq: String(seq),
      id: toHex(id),
      ip,
      tcp,
      udp,
      ip6,
      tcp6,
      udp6,
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

/** Output of `console.log`. */
Object.defineProperty(Enr.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Enr, _depth: number, options: object, inspect: (value: unknown, o: object) => string) {
    return `Enr ${inspect(this.toJSON(), options)}`;
  },
});
