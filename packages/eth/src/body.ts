import { bigint, bytes, type Codec, decode, optional, struct, uint } from '@devp2p/rlp';
import { type RawList, type ReadElement, rawList, skipList } from './raw-list.ts';
import { transactionList } from './transaction.ts';

/** What a block holds beside its header, in the form in which roots are computed from it. */
export interface Body {
  /** Transactions in canonical form: `type ‖ payload`, or a legacy transaction's RLP list. */
  transactions: RawList;
  /** RLP lists, see {@link headerCodec}. keccak-256 of `uncles.raw` is the header's `unclesHash`. */
  uncles: RawList;
  /** RLP lists, see {@link withdrawalCodec}. Absent before Shanghai. */
  withdrawals?: RawList;
}

/** A body together with what it was decoded from. */
export interface SealedBody extends Body {
  /** The RLP list as it came. */
  readonly raw: Uint8Array;
}

/** Ether that leaves the consensus layer (EIP-4895). */
export interface Withdrawal {
  index: number;
  validatorIndex: number;
  /** 20 bytes. */
  address: Uint8Array;
  /** In gwei. */
  amount: bigint;
}

/** A withdrawal as its RLP list. */
export const withdrawalCodec: Codec<Withdrawal> = struct({
  index: uint(64),
  validatorIndex: uint(64),
  address: bytes(20),
  amount: bigint(64),
});

const anyList: ReadElement = (reader) => {
  const start = reader.position;
  skipList(reader);
  return start;
};

/** A body as its RLP list. Elements are looked at no closer than their prefixes: the header's roots prove the rest. */
export const bodyCodec: Codec<Body> = struct({
  transactions: transactionList(),
  uncles: rawList(anyList),
  withdrawals: optional(rawList(anyList)),
});

/**
 * Decodes a body.
 *
 * @throws RlpError when it is not a body's canonical RLP.
 */
export function decodeBody(raw: Uint8Array): SealedBody {
  return { ...decode(bodyCodec, raw), raw };
}
