import { toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { type Enr, formatEnr, nodeIdHash } from '@devp2p/enr';
import { bytes, methods, type Rules, required, secret, string, uint } from '@devp2p/options';
import { check, iterable } from '../check-options.ts';
import { entryHash, formatEntry, formatRoot, signRoot } from './entry.ts';
import { type CryptoOptions, formatTreeUrl, parseTreeUrl } from './tree-url.ts';

/** Options of {@link makeTree}. */
export interface MakeTreeOptions extends CryptoOptions {
  /** Sequence number, 64 bits. Clients refuse a number below one that they have seen. */
  readonly seq: bigint;
  /** Private key of the signer, 32 bytes. */
  readonly privateKey: Uint8Array;
}

/** Signed node list for a DNS zone. */
export interface NodeTree {
  /** Public key of the signer, 64 bytes. The URL of the list has it and the domain: see {@link formatTreeUrl}. */
  readonly publicKey: Uint8Array;
  /** Text of the TXT record at the domain. */
  readonly root: string;
  /** Texts of the TXT records below the domain, by label. */
  readonly entries: ReadonlyMap<string, string>;
}

/**
 * Limit of children per branch. A branch of 13 hashes has 365 characters, which leaves room in a DNS message of 512 bytes
 * for the other fields and a name of usual length. As go-ethereum (`maxChildren`).
 */
const maxChildren = 13;

/** Longest string of a TXT record in bytes (RFC 1035, 3.3). */
const maxStringLength = 255;

/** Rules of the fields of a record that are used. */
const enrRules: Partial<Rules<Enr>> = {
  id: required(bytes(64)),
  seq: required(uint(64)),
  bytes: required(bytes()),
};

const rules: Rules<MakeTreeOptions> = {
  seq: required(uint(64)),
  privateKey: required(secret(bytes(32))),
  crypto: methods('keccak256'),
};

/**
 * Creates and signs the tree of a node list. The tree does not depend on the order of the arguments: records are sorted
 * by the hash of the node id. Of several records of one node it has the newest, and each link once.
 *
 * @param links `enrtree://` URLs of other lists
 * @throws DnsdiscError for an invalid link, `invalid-seq`, `invalid-option`; CryptoError for an invalid private key
 */
export function makeTree(records: Iterable<Enr>, links: Iterable<string>, options: MakeTreeOptions): NodeTree {
  check.options('makeTree', options, rules);
  check.value('records', records, iterable);
  check.value('links', links, iterable);
  const all = [...records];
  for (const [index, enr] of all.entries()) check.fields(`records[${index}]`, enr, enrRules);
  const { seq, privateKey, crypto = nobleCrypto } = options;
  const entries = new Map<string, string>();
  const add = (text: string): string => {
    const hash = entryHash(text, { crypto });
    entries.set(hash, text);
    return hash;
  };
  const branch = (children: readonly string[]): string => add(formatEntry({ type: 'branch', children }));
  const grow = (leaves: readonly string[]): string => {
    let level = leaves.map(add);
    while (level.length > 1) {
      // A group of one needs no branch.
      level = groups(level).map(([first, ...others]) => (others.length === 0 ? first : branch([first, ...others])));
    }
    return level[0] ?? branch([]);
  };

  const newest = new Map<string, Enr>();
  for (const enr of all) {
    const key = toHex(nodeIdHash(enr.id, { crypto }));
    const known = newest.get(key);
    if (!known || known.seq < enr.seq) newest.set(key, enr);
  }
  const sorted = [...newest].sort(([a], [b]) => (a < b ? -1 : 1));
  const urls = new Set<string>();
  for (const link of links) urls.add(formatTreeUrl(parseTreeUrl(link, { crypto }), { crypto }));

  const enrRoot = grow(sorted.map(([, enr]) => formatEnr(enr)));
  const linkRoot = grow([...urls].sort());
  return {
    publicKey: crypto.secp256k1.publicKey(privateKey),
    root: formatRoot(signRoot({ enrRoot, linkRoot, seq }, privateKey, { crypto })),
    entries,
  };
}

/** Splits a text into strings of up to 255 characters, as a TXT record needs it. @throws DnsdiscError `invalid-option` */
export function txtStrings(text: string): string[] {
  check.value('text', text, string);
  return text.match(new RegExp(`[^]{1,${maxStringLength}}`, 'g')) ?? [''];
}

function groups(hashes: readonly string[]): [string, ...string[]][] {
  const result: [string, ...string[]][] = [];
  for (const hash of hashes) {
    const last = result.at(-1);
    if (last && last.length < maxChildren) last.push(hash);
    else result.push([hash]);
  }
  return result;
}
