import type { Crypto } from '@devp2p/crypto';
import {
  bigint,
  bytes,
  bytesUpTo,
  type Codec,
  decode,
  encode,
  optional,
  Reader,
  struct,
  uint,
} from '@devp2p/rlp';

/** A block header. The fields from `baseFeePerGas` on came with forks and are absent before them. */
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
  gasLimit: number;
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
  /** Amsterdam, EIP-7843. */
  slotNumber?: number;
}

/** A header together with what it was decoded from. Its byte strings are views of `raw`. */
export interface SealedHeader extends Header {
  /** The block's hash: keccak-256 of `raw`. */
  readonly hash: Uint8Array;
  /** The RLP list as it came. */
  readonly raw: Uint8Array;
}

/** go-ethereum's sanity limit on a header's extra data. */
const maxExtraData = 100 * 1024;

const hash = bytes(32);
const wide = bigint(256);
const extraData = bytesUpTo(maxExtraData);
const maxUint = Number.MAX_SAFE_INTEGER;

const fields: Codec<Header> = struct({
  parentHash: hash,
  unclesHash: hash,
  beneficiary: bytes(20),
  stateRoot: hash,
  transactionsRoot: hash,
  receiptsRoot: hash,
  logsBloom: bytes(256),
  difficulty: wide,
  number: uint(64),
  gasLimit: uint(64),
  gasUsed: uint(64),
  timestamp: uint(64),
  extraData,
  mixHash: hash,
  nonce: bytes(8),
  baseFeePerGas: optional(wide),
  withdrawalsRoot: optional(hash),
  blobGasUsed: optional(uint(64)),
  excessBlobGas: optional(uint(64)),
  parentBeaconBlockRoot: optional(hash),
  requestsHash: optional(hash),
  blockAccessListHash: optional(hash),
  slotNumber: optional(uint(64)),
});

/** A header as its RLP list; integers are canonical and fit their fields. */
export const headerCodec: Codec<Header> = {
  read(reader) {
    const { position, end } = reader;
    try {
      return readFields(reader);
    } catch {
      // Read slowly, it fails with the path of the field.
      const again = new Reader(reader.bytes);
      again.position = position;
      again.end = end;
      return fields.read(again);
    }
  },
  write: (writer, header) => fields.write(writer, header),
};

/** What `fields` reads, as one object literal: three times as fast, and a sync reads little else. */
function readFields(reader: Reader): Header {
  const outerEnd = reader.enterList();
  const header: Header = {
    parentHash: reader.fixed(32),
    unclesHash: reader.fixed(32),
    beneficiary: reader.fixed(20),
    stateRoot: reader.fixed(32),
    transactionsRoot: reader.fixed(32),
    receiptsRoot: reader.fixed(32),
    logsBloom: reader.fixed(256),
    difficulty: wide.read(reader),
    number: reader.uint(maxUint),
    gasLimit: reader.uint(maxUint),
    gasUsed: reader.uint(maxUint),
    timestamp: reader.uint(maxUint),
    extraData: extraData.read(reader),
    mixHash: reader.fixed(32),
    nonce: reader.fixed(8),
  };
  if (!reader.done) header.baseFeePerGas = wide.read(reader);
  if (!reader.done) header.withdrawalsRoot = reader.fixed(32);
  if (!reader.done) header.blobGasUsed = reader.uint(maxUint);
  if (!reader.done) header.excessBlobGas = reader.uint(maxUint);
  if (!reader.done) header.parentBeaconBlockRoot = reader.fixed(32);
  if (!reader.done) header.requestsHash = reader.fixed(32);
  if (!reader.done) header.blockAccessListHash = reader.fixed(32);
  if (!reader.done) header.slotNumber = reader.uint(maxUint);
  reader.leave(outerEnd);
  return header;
}

/**
 * Decodes a header and computes its hash.
 *
 * @throws RlpError when it is not a header's canonical RLP.
 */
export function decodeHeader(raw: Uint8Array, crypto: Crypto): SealedHeader {
  // Set one by one: a spread would take longer than all the decoding.
  const header: Header & { hash?: Uint8Array; raw?: Uint8Array } = decode(headerCodec, raw);
  header.hash = crypto.keccak256(raw);
  header.raw = raw;
  return header as SealedHeader;
}

/** Encodes a header and computes its hash. */
export function sealHeader(header: Header, crypto: Crypto): SealedHeader {
  return decodeHeader(encode(headerCodec, header), crypto);
}
