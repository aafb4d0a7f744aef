import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import type { NodeId } from '@devp2p/enr';
import { bytes, type Rules, required, string } from '@devp2p/options';
import { base32nopad } from '@scure/base';
import { check, cryptoRules } from '../check-options.ts';
import { DnsdiscError, quote } from '../error.ts';

/** Content of an `enrtree://` URL: the domain of a node list and the key that signs it. */
export interface TreeUrl {
  /** Public key of the signer, 64 bytes. */
  readonly publicKey: NodeId;
  /** DNS name of the root: lower case, without a trailing dot, up to 200 characters. */
  readonly domain: string;
}

/** Options of functions with cryptography. */
export interface CryptoOptions {
  /** @default nobleCrypto */
  readonly crypto?: Crypto | undefined;
}

/** Prefix of URLs and links. */
export const treeScheme = 'enrtree://';

/** A DNS name has up to 253 characters (RFC 1035, 3.1), of which a hash and its dot need up to 53. */
const maxDomainLength = 200;

/** Above the length of scheme, key, `@` and domain. */
const maxUrlLength = 512;

/** Letters, digits, hyphens, and the underscores of RFC 8552. */
const labelPattern = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

const treeRules: Rules<TreeUrl> = { publicKey: required(bytes(64)), domain: required(string) };

/**
 * Parses `enrtree://<base32 of the compressed public key>@<domain>` (EIP-1459).
 *
 * @throws DnsdiscError with the invalid part in the message
 */
export function parseTreeUrl(url: string, options: CryptoOptions = {}): TreeUrl {
  check.value('url', url, string);
  check.options('parseTreeUrl', options, cryptoRules);
  return readTreeUrl(url, options);
}

/** {@link parseTreeUrl} without checks of the arguments, which the caller has made. */
export function readTreeUrl(url: string, { crypto = nobleCrypto }: CryptoOptions): TreeUrl {
  if (!url.startsWith(treeScheme)) {
    throw new DnsdiscError('invalid-scheme', `URL does not start with ${treeScheme}: ${quote(url)}`);
  }
  if (url.length > maxUrlLength) {
    throw new DnsdiscError(
      'too-large',
      `URL of ${url.length} characters is above the limit of ${maxUrlLength}: ${quote(url)}`,
    );
  }
  const at = url.indexOf('@');
  if (at < 0) throw new DnsdiscError('invalid-domain', `URL has no @ and domain: ${quote(url)}`);
  const publicKey = parseKey(url.slice(treeScheme.length, at), crypto);
  return { publicKey, domain: parseDomain(url.slice(at + 1)) };
}

/**
 * Formats an `enrtree://` URL in canonical form.
 *
 * @throws DnsdiscError `invalid-domain`, `invalid-option`; CryptoError if the key is not on the curve
 */
export function formatTreeUrl(tree: TreeUrl, options: CryptoOptions = {}): string {
  check.fields('tree', tree, treeRules);
  check.options('formatTreeUrl', options, cryptoRules);
  return writeTreeUrl(tree, options);
}

/** {@link formatTreeUrl} without checks of the arguments, which the caller has made. */
export function writeTreeUrl({ publicKey, domain }: TreeUrl, { crypto = nobleCrypto }: CryptoOptions): string {
  const key = base32nopad.encode(crypto.secp256k1.compress(publicKey));
  return `${treeScheme}${key}@${parseDomain(domain)}`;
}

function parseKey(text: string, crypto: Crypto): NodeId {
  try {
    return crypto.secp256k1.decompress(base32nopad.decode(text));
  } catch (cause) {
    throw new DnsdiscError('invalid-key', `key is not base32 of a compressed public key: ${quote(text)}`, { cause });
  }
}

function parseDomain(text: string): string {
  const domain = text.toLowerCase().replace(/\.$/, '');
  if (domain.length > maxDomainLength || !domain.split('.').every((label) => labelPattern.test(label))) {
    throw new DnsdiscError('invalid-domain', `invalid domain: ${quote(text)}`);
  }
  return domain;
}
