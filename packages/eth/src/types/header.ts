import type { Crypto } from '@devp2p/crypto';
import { type Codec, decode, encode, optional, Reader, struct, Writer } from '@devp2p/rlp';
import { DecodedHeader } from './decoded-header.ts';
import { address, blockNonce, bloom, exactLong, extraData, hash, long, wide } from './header-fields.ts';

/** A block header. The fields from `baseFeePerGas` on are absent before their forks. */
export interface Header {
  /** 32 bytes, like every hash and root below. */
  parentHash: Uint8Array;
  unclesHash: Uint8Array;
  /** 20 bytes. */
  beneficiary: Uint8Array;
  stateRoot: Uint8Array;
  transactionsRoot: Uint8Array;
  receiptsRoot: Uint8Array;
  /** 256 bytes. */
  logsBloom: Uint8Array;
  difficulty: bigint;
  number: number;
  /** A `bigint` above 2^53 - 1, as in genesis files of private chains. */
  gasLimit: number | bigint;
  gasUsed: number;
  /** Seconds. */
  timestamp: number;
  extraData: Uint8Array;
  mixHash: Uint8Array;
  /** 8 bytes. */
  nonce: Uint8Array;
  /** London, EIP-1559. In wei. */
  baseFeePerGas?: bigint;
  /** Shanghai, EIP-4895. */
  withdrawalsRoot?: Uint8Array;
  /** Cancun, EIP-4844. */
  blobGasUsed?: number;
  /** Cancun, EIP-4844. */
  excessBlobGas?: number;
  /** Cancun, EIP-4788. */
  parentBeaconBlockRoot?: Uint8Array;
  /** Prague, EIP-7685. */
  requestsHash?: Uint8Array;
  /** Amsterdam, EIP-7928. */
  blockAccessListHash?: Uint8Array;
  /** Amsterdam, EIP-7843. A `bigint` above 2^53 - 1. */
  slotNumber?: number | bigint;
}

/**
 * A header with its hash and its encoding. Its byte strings are views of `raw`. `JSON.stringify` shows it with
 * hex strings, as JSON-RPC does, and without `raw`.
 */
export interface SealedHeader extends Header {
  /** Block hash: keccak-256 of `raw`. */
  readonly hash: Uint8Array;
  /** The RLP list. */
  readonly raw: Uint8Array;
}

const fields: Codec<Header> = struct({
  parentHash: hash,
  unclesHash: hash,
  beneficiary: address,
  stateRoot: hash,
  transactionsRoot: hash,
  receiptsRoot: hash,
  logsBloom: bloom,
  difficulty: wide,
  number: long,
  gasLimit: exactLong,
  gasUsed: long,
  timestamp: long,
  extraData,
  mixHash: hash,
  nonce: blockNonce,
  baseFeePerGas: optional(wide),
  withdrawalsRoot: optional(hash),
  blobGasUsed: optional(long),
  excessBlobGas: optional(long),
  parentBeaconBlockRoot: optional(hash),
  requestsHash: optional(hash),
  blockAccessListHash: optional(hash),
  slotNumber: optional(exactLong),
});

/** Codec of a header as an RLP list. Integers are canonical and fit their fields. */
export const headerCodec: Codec<Header> = {
  read(reader) {
    const { position, end } = reader;
    try {
      return new DecodedHeader(reader);
    } catch {
      // The slower codec fails with the path of the field.
      const again = new Reader(reader.bytes);
      again.position = position;
      again.end = end;
      return fields.read(again);
    }
  },
  write(writer, header) {
    try {
      writeFields(writer, header);
    } catch (error) {
      // As above. The output is discarded.
      fields.write(new Writer(), header);
      throw error;
    }
  },
};

/** Writes the output of `fields`, from the last field to the first. A fifth faster, without lookups of names. */
function writeFields(writer: Writer, header: Header): void {
  const mark = writer.length;
  let present = tail(writer, exactLong, header.slotNumber, false);
  present = tail(writer, hash, header.blockAccessListHash, present);
  present = tail(writer, hash, header.requestsHash, present);
  present = tail(writer, hash, header.parentBeaconBlockRoot, present);
  present = tail(writer, long, header.excessBlobGas, present);
  present = tail(writer, long, header.blobGasUsed, present);
  present = tail(writer, hash, header.withdrawalsRoot, present);
  tail(writer, wide, header.baseFeePerGas, present);
  blockNonce.write(writer, header.nonce);
  hash.write(writer, header.mixHash);
  extraData.write(writer, header.extraData);
  long.write(writer, header.timestamp);
  long.write(writer, header.gasUsed);
  exactLong.write(writer, header.gasLimit);
  long.write(writer, header.number);
  wide.write(writer, header.difficulty);
  bloom.write(writer, header.logsBloom);
  hash.write(writer, header.receiptsRoot);
  hash.write(writer, header.transactionsRoot);
  hash.write(writer, header.stateRoot);
  address.write(writer, header.beneficiary);
  hash.write(writer, header.unclesHash);
  hash.write(writer, header.parentHash);
  writer.wrapList(mark);
}

/** Writes an optional field. When a later field is `present`, its codec refuses a missing value. */
function tail<T>(writer: Writer, codec: Codec<T>, value: T | undefined, present: boolean): boolean {
  if (value === undefined && !present) return false;
  codec.write(writer, value as T);
  return true;
}

/**
 * Decodes a header and computes its hash.
 *
 * @throws RlpError when the input is not the canonical RLP of a header.
 */
export function decodeHeader(raw: Uint8Array, crypto: Crypto): SealedHeader {
  // Assigned one by one: a spread would take longer than the decoding.
  const header: DecodedHeader = decode(headerCodec, raw);
  header.hash = crypto.keccak256(raw);
  header.raw = raw;
  return header as SealedHeader;
}

/** Encodes a header and computes its hash. */
export function sealHeader(header: Header, crypto: Crypto): SealedHeader {
  return decodeHeader(encode(headerCodec, header), crypto);
}
