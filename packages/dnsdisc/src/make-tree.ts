import { nobleCrypto } from '@devp2p/crypto';
import { type Enr, formatEnr, nodeIdHash, toHex } from '@devp2p/enr';
import { bytes, methods, type Rules, required, secret, string, uint } from '@devp2p/options';
import { check, iterable } from './check-options.ts';
import { entryHash, formatEntry, formatRoot, signRoot } from './entry.ts';
import { type CryptoOptions, formatTreeUrl, parseTreeUrl } from './tree-url.ts';

/** Options of {@link makeTree}. */
export interface MakeTreeOptions extends CryptoOptions {
  /** Sequence number, 64 bits. Clients refuse one below what they have seen. */
  readonly seq: bigint;
  /** The signer's key, 32 bytes. */
  readonly privateKey: Uint8Array;
}

/** A signed list of nodes, ready to be put into a DNS zone. */
export interface NodeTree {
  /** The signer's public key, 64 bytes; with a domain it makes the list's URL (`formatTreeUrl`). */
  readonly publicKey: Uint8Array;
  /** The text of the TXT record at the domain itself. */
  readonly root: string;
  /** The texts of the TXT records below the domain, by the label that goes before it. */
  readonly entries: ReadonlyMap<string, string>;
}

/**
 * The most children of a branch. Thirteen hashes make a text of 365 characters; 370 leave room in a DNS message of 512
 * bytes for everything else and a name of usual length. Same figure as in go-ethereum (`maxChildren`).
 */
const MAX_CHILDREN = 13;

/** The most bytes of one of the strings that a TXT record is made of (RFC 1035, 3.3). */
const MAX_STRING_LENGTH = 255;

/** What is read of a record. */
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
 * Makes the tree of a node list and signs it. The same content gives the same tree, whatever its order: records are
 * sorted by the hash of their node's id. Of several records of one node the newest is taken, and a link only once.
 *
 * @param links - `enrtree://` URLs of other lists.
 * @throws DnsdiscError for a link that is none, and `invalid-seq`; CryptoError for what is no private key.
 */
export function makeTree(
  records: Iterable<Enr>,
  links: Iterable<string>,
  options: MakeTreeOptions,
): NodeTree {
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
  const branch = (children: readonly string[]): string =>
    add(formatEntry({ type: 'branch', children }));
  const grow = (leaves: readonly string[]): string => {
    let level = leaves.map(add);
    while (level.length > 1) {
      // One that is left over goes up by itself.
      level = groups(level).map(([first, ...others]) =>
        others.length === 0 ? first : branch([first, ...others]),
      );
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

/** Cuts a text into the strings of at most 255 characters that a TXT record is made of. @throws DnsdiscError `invalid-option` */
export function txtStrings(text: string): string[] {
  check.value('text', text, string);
  return text.match(new RegExp(`[^]{1,${MAX_STRING_LENGTH}}`, 'g')) ?? [''];
}

function groups(hashes: readonly string[]): [string, ...string[]][] {
  const result: [string, ...string[]][] = [];
  for (const hash of hashes) {
    const last = result.at(-1);
    if (last && last.length < MAX_CHILDREN) last.push(hash);
    else result.push([hash]);
  }
  return result;
}
