import {
  bigint,
  bytes,
  type Codec,
  decode,
  map,
  optional,
  RlpError,
  struct,
  uint,
} from '@devp2p/rlp';
import { type RawList, type ReadElement, rawList } from './raw-list.ts';
import { showAs, showFields } from './shown.ts';
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

/** A body together with what it was decoded from. `JSON.stringify` shows its lists, with hex for their elements. */
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
export const withdrawalCodec: Codec<Withdrawal> = map(
  struct({ index: uint(64), validatorIndex: uint(64), address: bytes(20), amount: bigint(64) }),
  showFields,
  (withdrawal: Withdrawal) => withdrawal,
);

/** Contents of a header and a withdrawal in bytes, with nothing in the fields that may be empty. */
const minHeader = 493;
const minWithdrawal = 24;

/** A list that is long enough: of short ones a message could hold so many that their table would be larger than it. */
const listOf =
  (minLength: number): ReadElement =>
  (reader) => {
    const start = reader.position;
    const length = reader.listHeader();
    if (length < minLength) throw new RlpError('too-few-items', 'list without all fields', start);
    reader.position += length;
    return start;
  };

/** A body as its RLP list. Elements are looked at no closer than their prefixes and lengths: the header's roots prove the rest. */
export const bodyCodec: Codec<Body> = struct({
  transactions: transactionList(),
  uncles: rawList(listOf(minHeader)),
  withdrawals: optional(rawList(listOf(minWithdrawal))),
});

/**
 * Decodes a body.
 *
 * @throws RlpError when it is not a body's canonical RLP.
 */
export function decodeBody(raw: Uint8Array): SealedBody {
  return showAs({ ...decode(bodyCodec, raw), raw }, ({ raw: _, ...lists }) => lists);
}
