import { nobleCrypto } from '@devp2p/crypto';
import { bytes as bytesRule, required, string } from '@devp2p/options';
import { bigint, bytes, decode, list, RlpError, raw, Writer } from '@devp2p/rlp';
import { base64urlnopad } from '@scure/base';
import { check, cryptoRules } from '../check-options.ts';
import type { CryptoOptions, NodeId } from '../enode/node-id.ts';
import { Enr } from './enr.ts';
import { EnrError } from './enr-error.ts';
import { checkPair, type Pairs, quote, readIdentity } from './enr-pairs.ts';

/** The most bytes that a record may have (EIP-778). */
export const MAX_ENR_LENGTH = 300;

const PREFIX = 'enr:';
const MAX_TEXT_LENGTH: number = PREFIX.length + Math.ceil((MAX_ENR_LENGTH * 4) / 3);

const inputRule = bytesRule();
const recordRules = { bytes: required(inputRule) };

const items = list(raw);
const anyBytes = bytes();
const sequence = bigint(64);

/**
 * Reads a record from its RLP and checks everything about it, the signature last. The record keeps a copy.
 *
 * @throws EnrError
 */
export function decodeEnr(bytes: Uint8Array, options: CryptoOptions = {}): Enr {
  check.value('bytes', bytes, inputRule);
  check.fields('options', options, cryptoRules);
  const { crypto = nobleCrypto } = options;
  if (bytes.length > MAX_ENR_LENGTH) {
    throw new EnrError('too-large', `${bytes.length} bytes, more than ${MAX_ENR_LENGTH}`);
  }
  const record = bytes.slice();
  const [first, second, ...rest] = orMalformed(() => decode(items, record));
  if (!first || !second) throw new EnrError('malformed', 'no signature and sequence number');
  const signature = orMalformed(() => decode(anyBytes, first));
  const seq = decodeSeq(second);
  const pairs = decodePairs(rest);
  const publicKey = readIdentity(pairs);
  let id: NodeId;
  try {
    id = crypto.secp256k1.decompress(publicKey);
  } catch (cause) {
    throw new EnrError('invalid-value', 'public key is no point', { key: 'secp256k1', cause });
  }
  const content = signedContent(record.subarray(second.byteOffset - record.byteOffset));
  if (
    signature.length !== 64 ||
    !crypto.secp256k1.verify(signature, crypto.keccak256(content), id)
  ) {
    throw new EnrError('invalid-signature', 'not signed by the key in the record');
  }
  return new Enr({ bytes: record, signature, seq, id, pairs });
}

/**
 * Reads a record from its text: `enr:` and base64url without padding.
 *
 * @throws EnrError
 */
export function parseEnr(text: string, options: CryptoOptions = {}): Enr {
  check.value('text', text, string);
  if (!text.startsWith(PREFIX)) throw new EnrError('invalid-text', `no ${PREFIX} at the beginning`);
  if (text.length > MAX_TEXT_LENGTH) {
    throw new EnrError('too-large', `${text.length} characters, more than ${MAX_TEXT_LENGTH}`);
  }
  let bytes: Uint8Array;
  try {
    bytes = base64urlnopad.decode(text.slice(PREFIX.length));
  } catch (cause) {
    throw new EnrError('invalid-text', 'not canonical base64url without padding', { cause });
  }
  return decodeEnr(bytes, options);
}

/** Writes a record as text, at most 404 characters. @throws EnrError `invalid-option` */
export function formatEnr(enr: Enr): string {
  check.fields('enr', enr, recordRules);
  return PREFIX + base64urlnopad.encode(enr.bytes);
}

/** What a signature is over: the list of sequence number and pairs, of which `payload` is the content. */
export function signedContent(payload: Uint8Array): Uint8Array {
  const writer = new Writer(MAX_ENR_LENGTH);
  writer.copy(payload);
  writer.wrapList(0);
  return writer.finish();
}

function decodeSeq(item: Uint8Array): bigint {
  try {
    return decode(sequence, item);
  } catch (cause) {
    throw new EnrError('invalid-seq', 'sequence number is no canonical 64-bit integer', { cause });
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
    throw new EnrError('malformed', `record is no valid RLP: ${cause.message}`, { cause });
  }
}
