import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import type { NodeId } from '@devp2p/enr';
import { bytes, type Rules, required, string } from '@devp2p/options';
import { base32nopad } from '@scure/base';
import { check, cryptoRules } from './check-options.ts';
import { DnsdiscError, quote } from './error.ts';

/** Where a node list is, and who signs it: what an `enrtree://` URL says. */
export interface TreeUrl {
  /** The signer's public key, 64 bytes. */
  readonly publicKey: NodeId;
  /** The DNS name of the root: lower case, without a dot at the end, at most 200 characters. */
  readonly domain: string;
}

/** Options of functions that take hashing and curve work from elsewhere. */
export interface CryptoOptions {
  /** @default nobleCrypto */
  readonly crypto?: Crypto | undefined;
}

/** What URLs and links begin with. */
export const TREE_SCHEME = 'enrtree://';

/** The longest name is 253 characters (RFC 1035, 3.1); the longest hash and its dot go before the domain. */
const MAX_DOMAIN_LENGTH = 200;

/** More than scheme, key, `@` and domain can have. */
const MAX_URL_LENGTH = 512;

/** Letters, digits, hyphens, and the underscores that DNS has besides (RFC 8552). */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

const treeRules: Rules<TreeUrl> = { publicKey: required(bytes(64)), domain: required(string) };

/**
 * Reads `enrtree://<base32 of the compressed public key>@<domain>` (EIP-1459).
 *
 * @throws DnsdiscError that quotes the part at fault.
 */
export function parseTreeUrl(url: string, options: CryptoOptions = {}): TreeUrl {
  check.value('url', url, string);
  check.options('parseTreeUrl', options, cryptoRules);
  return readTreeUrl(url, options);
}

/** The same for options that may be more, and are checked. @see parseTreeUrl */
export function readTreeUrl(url: string, { crypto = nobleCrypto }: CryptoOptions): TreeUrl {
  if (!url.startsWith(TREE_SCHEME)) {
    throw new DnsdiscError('invalid-scheme', `no ${TREE_SCHEME} at the beginning of ${quote(url)}`);
  }
  if (url.length > MAX_URL_LENGTH) {
    throw new DnsdiscError('too-large', `URL of ${url.length} characters: ${quote(url)}`);
  }
  const at = url.indexOf('@');
  if (at < 0) throw new DnsdiscError('invalid-domain', `no @ and domain in ${quote(url)}`);
  const publicKey = parseKey(url.slice(TREE_SCHEME.length, at), crypto);
  return { publicKey, domain: parseDomain(url.slice(at + 1)) };
}

/**
 * Writes an `enrtree://` URL; the same for every spelling of the same list.
 *
 * @throws DnsdiscError `invalid-domain`, `invalid-option`; CryptoError when the key is no point on the curve.
 */
export function formatTreeUrl(tree: TreeUrl, options: CryptoOptions = {}): string {
  check.fields('tree', tree, treeRules);
  check.options('formatTreeUrl', options, cryptoRules);
  return writeTreeUrl(tree, options);
}

/** The same for what is checked. @see formatTreeUrl */
export function writeTreeUrl(
  { publicKey, domain }: TreeUrl,
  { crypto = nobleCrypto }: CryptoOptions,
): string {
  const key = base32nopad.encode(crypto.secp256k1.compress(publicKey));
  return `${TREE_SCHEME}${key}@${parseDomain(domain)}`;
}

function parseKey(text: string, crypto: Crypto): NodeId {
  try {
    return crypto.secp256k1.decompress(base32nopad.decode(text));
  } catch (cause) {
    throw new DnsdiscError(
      'invalid-key',
      `no base32 of a compressed public key before the @: ${quote(text)}`,
      { cause },
    );
  }
}

function parseDomain(text: string): string {
  const domain = text.toLowerCase().replace(/\.$/, '');
  if (domain.length > MAX_DOMAIN_LENGTH || !domain.split('.').every((label) => LABEL.test(label))) {
    throw new DnsdiscError('invalid-domain', `no host name behind the @: ${quote(text)}`);
  }
  return domain;
}
