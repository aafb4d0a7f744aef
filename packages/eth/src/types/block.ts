import type { Crypto } from '@devp2p/crypto';
import { Reader, RlpError, Writer } from '@devp2p/rlp';
import { decodeBody, type SealedBody } from './body.ts';
import { decodeHeader, type SealedHeader } from './header.ts';

/** A decoded block. */
export interface SealedBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
}

/** Longest prefix of an RLP list that is shorter than 4 GiB. */
const maxPrefix = 5;

/**
 * Decodes a block: the RLP list `[header, transactions, uncles, withdrawals?]`. Only the form is checked: the header's
 * roots prove the body.
 *
 * @throws RlpError when the input is not the canonical RLP of a block.
 */
export function decodeBlock(raw: Uint8Array, crypto: Crypto): SealedBlock {
  const reader = new Reader(raw);
  reader.enterList();
  if (reader.end < raw.length) {
    throw new RlpError('trailing-bytes', `${raw.length - reader.end} bytes after the block`, reader.end);
  }
  const header = decodeHeader(reader.item(), crypto);
  const rest = raw.subarray(reader.position);
  const writer = new Writer(rest.length + maxPrefix);
  writer.copy(rest);
  writer.wrapList(0);
  return { header, body: decodeBody(writer.finish()) };
}

/**
 * Encodes a block.
 *
 * @param header RLP list
 * @param body RLP list `[transactions, uncles, withdrawals?]`
 * @throws RlpError when the body is not a list.
 */
export function encodeBlock(header: Uint8Array, body: Uint8Array): Uint8Array {
  const content = new Reader(body);
  content.listHeader();
  const writer = new Writer(header.length + body.length + maxPrefix);
  writer.copy(body.subarray(content.position));
  writer.copy(header);
  writer.wrapList(0);
  return writer.finish();
}
