import { bigint, bytes, type Codec, decode, map, optional, RlpError, struct, uint } from '@devp2p/rlp';
import { type RawList, type ReadElement, rawList } from './raw-list.ts';
import { showAs, showFields } from './show-fields.ts';
import { transactionList } from './transaction.ts';

/** A block without its header, in the form from which the header's roots are computed. */
export interface Body {
  /** Transactions in canonical form: `type ‖ payload`, or a legacy transaction's RLP list. */
  transactions: RawList;
  /** RLP lists, see {@link headerCodec}. keccak-256 of `uncles.raw` is the header's `unclesHash`. */
  uncles: RawList;
  /** RLP lists, see {@link withdrawalCodec}. Absent before Shanghai. */
  withdrawals?: RawList;
}

/** A body with its encoding. `JSON.stringify` shows its lists, with hex for their elements. */
export interface SealedBody extends Body {
  /** The RLP list. */
  readonly raw: Uint8Array;
}

/** Withdrawal from the consensus layer (EIP-4895). */
export interface Withdrawal {
  index: number;
  validatorIndex: number;
  /** 20 bytes. */
  address: Uint8Array;
  /** In gwei. */
  amount: bigint;
}

/** Codec of a withdrawal as an RLP list. */
export const withdrawalCodec: Codec<Withdrawal> = map(
  struct({ index: uint(64), validatorIndex: uint(64), address: bytes(20), amount: bigint(64) }),
  showFields,
  (withdrawal: Withdrawal) => withdrawal,
);

/** Least content of a header and of a withdrawal in bytes, with all fields empty that may be. */
const minHeader = 493;
const minWithdrawal = 24;

/** Reads a list of a minimal length. Without it, the offsets of many short lists could exceed the message in size. */
const listOf =
  (minLength: number): ReadElement =>
  (reader) => {
    const start = reader.position;
    const length = reader.listHeader();
    if (length < minLength) throw new RlpError('too-few-items', 'list is too short for its fields', start);
    reader.position += length;
    return start;
  };

/** Codec of a body as an RLP list. Only prefixes and lengths of elements are checked: the header's roots prove the rest. */
export const bodyCodec: Codec<Body> = struct({
  transactions: transactionList(),
  uncles: rawList(listOf(minHeader)),
  withdrawals: optional(rawList(listOf(minWithdrawal))),
});

/**
 * Decodes a body.
 *
 * @throws RlpError when the input is not the canonical RLP of a body.
 */
export function decodeBody(raw: Uint8Array): SealedBody {
  return showAs({ ...decode(bodyCodec, raw), raw }, ({ raw: _, ...lists }) => lists);
}
