import { equalBytes } from '@devp2p/bytes';
import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import { any, bytes, object, type Rules, required, uint } from '@devp2p/options';
import { bigint, Writer } from '@devp2p/rlp';
import { check, cryptoRules } from '../check-options.ts';
import type { CryptoOptions, NodeId } from '../enode/node-id.ts';
import { Enr } from './enr.ts';
import { maxEnrLength, signedContent } from './enr-decode.ts';
import { EnrError } from './enr-error.ts';
import {
  checkPair,
  type EnrEntries,
  entryKeys,
  identityPairs,
  isIdentityKey,
  type Pairs,
  quote,
  writeEntry,
} from './enr-pairs.ts';

/**
 * Entries of a new record, or changes of an existing one. An update removes entries that are present and `undefined`.
 * `id` and `secp256k1` always come from the private key.
 */
export type EnrContent = { readonly [K in keyof EnrEntries]?: EnrEntries[K] | undefined } & {
  /** Other pairs. Values are complete RLP encodings. */
  readonly pairs?: Readonly<Record<string, Uint8Array | undefined>> | undefined;
};

/** Options of {@link signEnr}. */
export interface SignEnrOptions extends CryptoOptions {
  /** Sequence number, 64 bits. Must be higher than in all records that the node has published. @default 1n */
  seq?: bigint | undefined;
  /**
   * Public key of the private key, 64 bytes, if the caller has it: saves a third of the work. With any other key the
   * signature is invalid.
   * @default computed
   */
  publicKey?: NodeId | undefined;
}

const sequence = bigint(64);

/** Checks names only: the codecs of the entries check the values. */
const contentRules = {
  ...Object.fromEntries(entryKeys.map((key) => [key, any])),
  pairs: object,
} as Rules<EnrContent>;

const signRules: Rules<SignEnrOptions> = { ...cryptoRules, seq: any, publicKey: bytes(64) };

const recordRules: Partial<Rules<Enr>> = {
  id: required(bytes(64)),
  seq: required(uint(64)),
  pairs: required(object),
};

/**
 * Creates a record and signs it with a private key of 32 bytes.
 *
 * @throws {@link EnrError} `invalid-value`, `invalid-seq`, `too-large`, or `invalid-option` for unknown entries; CryptoError
 * for an invalid private key
 */
export function signEnr(content: EnrContent, privateKey: Uint8Array, options: SignEnrOptions = {}): Enr {
  checkContent(content);
  check.options('signEnr', options, signRules);
  const { seq = 1n, crypto = nobleCrypto, publicKey } = options;
  const id = publicKey?.slice() ?? crypto.secp256k1.publicKey(privateKey);
  const identity = identityPairs(crypto.secp256k1.compress(id));
  return sign(withContent(new Map(identity), content), seq, id, privateKey, crypto);
}

/**
 * Returns a record with changed, added or removed entries and the next sequence number, or the same record if the changes
 * have no effect.
 *
 * @throws {@link EnrError} as {@link signEnr}, and `wrong-private-key` if the record belongs to another key
 */
export function updateEnr(enr: Enr, changes: EnrContent, privateKey: Uint8Array, options: CryptoOptions = {}): Enr {
  check.fields('enr', enr, recordRules);
  checkContent(changes);
  check.options('updateEnr', options, cryptoRules);
  const { crypto = nobleCrypto } = options;
  const id = crypto.secp256k1.publicKey(privateKey);
  if (!equalBytes(id, enr.id)) {
    throw new EnrError('wrong-private-key', 'record belongs to another private key');
  }
  const pairs = withContent(enr.pairs, changes);
  const changed =
    pairs.size !== enr.pairs.size ||
    [...pairs].some(([key, value]) => {
      const current = enr.pairs.get(key);
      return current === undefined || !equalBytes(value, current);
    });
  return changed ? sign(pairs, enr.seq + 1n, id, privateKey, crypto) : enr;
}

function checkContent(content: EnrContent): void {
  check.value('content', content, object);
  check.options('content', content, contentRules);
}

/** Returns pairs with changes applied, in the order of their keys. */
function withContent(before: Enr['pairs'], content: EnrContent): Pairs {
  const pairs = new Map(before);
  const put = (key: string, value: Uint8Array | undefined): void => {
    if (value) pairs.set(key, value);
    else pairs.delete(key);
  };
  for (const [key, value] of Object.entries(content.pairs ?? {})) {
    if (isIdentityKey(key)) continue;
    if (/[^\0-\xff]/.test(key)) {
      throw new EnrError('invalid-value', `key ${quote(key)} has a character above U+00FF`, {
        key,
      });
    }
    if (value) checkPair(key, value);
    put(key, value?.slice());
  }
  for (const key of entryKeys) if (key in content) put(key, entry(key, content));
  return new Map([...pairs].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function entry<K extends keyof EnrEntries>(
  key: K,
  content: { readonly [P in K]?: EnrEntries[P] | undefined },
): Uint8Array | undefined {
  const value = content[key];
  return value === undefined ? undefined : writeEntry(key, value);
}

function sign(pairs: Pairs, seq: bigint, id: NodeId, privateKey: Uint8Array, crypto: Crypto): Enr {
  const writer = new Writer(maxEnrLength);
  for (const [key, value] of [...pairs].reverse()) {
    writer.copy(value);
    const mark = writer.length;
    for (let i = key.length - 1; i >= 0; i--) writer.byte(key.charCodeAt(i));
    writer.wrapString(mark);
  }
  try {
    sequence.write(writer, seq);
  } catch (cause) {
    throw new EnrError('invalid-seq', 'sequence number does not fit into 64 bits', { cause });
  }
  const hash = crypto.keccak256(signedContent(writer.finish()));
  const signature = crypto.secp256k1.sign(hash, privateKey).slice(0, 64);
  writer.string(signature);
  writer.wrapList(0);
  if (writer.length > maxEnrLength) {
    throw new EnrError('too-large', `record has ${writer.length} bytes, more than ${maxEnrLength}`);
  }
  return new Enr({ bytes: writer.finish(), signature, seq, id, pairs });
}
