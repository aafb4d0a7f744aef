import { nobleCrypto } from '@devp2p/crypto';
import { bytes as bytesRule, required, string } from '@devp2p/options';
import { bigint, bytes, decode, list, RlpError, raw, Writer } from '@devp2p/rlp';
import { base64urlnopad } from '@scure/base';
import { check, cryptoRules } from '../check-options.ts';
import type { CryptoOptions, NodeId } from '../enode/node-id.ts';
import { Enr } from './enr.ts';
import { EnrError } from './enr-error.ts';
import { checkPair, type Pairs, quote, readIdentity } from './enr-pairs.ts';

/** Maximum length of a record in bytes (EIP-778). */
export const maxEnrLength = 300;

const prefix = 'enr:';
const maxTextLength: number = prefix.length + Math.ceil((maxEnrLength * 4) / 3);

const inputRule = bytesRule();
const recordRules = { bytes: required(inputRule) };

const items = list(raw);
const anyBytes = bytes();
const sequence = bigint(64);

/**
 * Decodes a record and validates all of it, the signature last. The record keeps a copy of the bytes.
 *
 * @throws {@link EnrError}
 */
export function decodeEnr(bytes: Uint8Array, options: CryptoOptions = {}): Enr {
  check.value('bytes', bytes, inputRule);
  check.options('decodeEnr', options, cryptoRules);
  const { crypto = nobleCrypto } = options;
  if (bytes.length > maxEnrLength) {
    throw new EnrError('too-large', `record has ${bytes.length} bytes, more than ${maxEnrLength}`);
  }
  const record = bytes.slice();
  const [first, second, ...rest] = orMalformed(() => decode(items, record));
  if (!first || !second) throw new EnrError('malformed', 'record has no signature or no sequence number');
  const signature = orMalformed(() => decode(anyBytes, first));
  const seq = decodeSeq(second);
  const pairs = decodePairs(rest);
  const publicKey = readIdentity(pairs);
  let id: NodeId;
  try {
    id = crypto.secp256k1.decompress(publicKey);
  } catch (cause) {
    throw new EnrError('invalid-value', 'public key is not a point on secp256k1', {
      key: 'secp256k1',
      cause,
    });
  }
  const content = signedContent(record.subarray(second.byteOffset - record.byteOffset));
  if (signature.length !== 64 || !crypto.secp256k1.verify(signature, crypto.keccak256(content), id)) {
    throw new EnrError('invalid-signature', 'signature was not made by the key in the record');
  }
  return new Enr({ bytes: record, signature, seq, id, pairs });
}

/**
 * Parses the text form of a record: `enr:` and base64url without padding.
 *
 * @throws {@link EnrError}
 */
export function parseEnr(text: string, options: CryptoOptions = {}): Enr {
  check.value('text', text, string);
  check.options('parseEnr', options, cryptoRules);
  if (!text.startsWith(prefix)) throw new EnrError('invalid-text', `text does not start with ${prefix}`);
  if (text.length > maxTextLength) {
    throw new EnrError('too-large', `text has ${text.length} characters, more than ${maxTextLength}`);
  }
  let bytes: Uint8Array;
  try {
    bytes = base64urlnopad.decode(text.slice(prefix.length));
  } catch (cause) {
    throw new EnrError('invalid-text', 'text is not canonical base64url without padding', {
      cause,
    });
  }
  return decodeEnr(bytes, options);
}

/** Formats a record as text of at most 404 characters. @throws {@link EnrError} `invalid-option` */
export function formatEnr(enr: Enr): string {
  check.fields('enr', enr, recordRules);
  return prefix + base64urlnopad.encode(enr.bytes);
}

/** Returns the signed content: the list of sequence number and pairs. @param payload content of that list */
export function signedContent(payload: Uint8Array): Uint8Array {
  const writer = new Writer(maxEnrLength);
  writer.copy(payload);
  writer.wrapList(0);
  return writer.finish();
}

function decodeSeq(item: Uint8Array): bigint {
  try {
    return decode(sequence, item);
  } catch (cause) {
    throw new EnrError('invalid-seq', 'sequence number is not a canonical 64-bit integer', {
      cause,
    });
  }
}

function decodePairs(rest: readonly Uint8Array[]): Pairs {
  const pairs: Pairs = new Map();
  let last: string | undefined;
  for (let i = 0; i < rest.length; i += 2) {
    const [keyItem, value] = rest.slice(i, i + 2);
    if (!keyItem || !value) throw new EnrError('malformed', 'last key has no value');
    const key = String.fromCharCode(...orMalformed(() => decode(anyBytes, keyItem)));
    if (last !== undefined && key <= last) {
      const code = key === last ? 'duplicate-key' : 'key-order';
      throw new EnrError(code, `key ${quote(key)} after ${quote(last)}`, { key });
    }
    checkPair(key, value);
    pairs.set(key, value);
    last = key;
  }
  return pairs;
}

function orMalformed<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof RlpError)) throw cause;
    throw new EnrError('malformed', `invalid RLP: ${cause.message}`, { cause });
  }
}
