import { decoding, encoding } from './rlp-cases.ts';
import type { Cases } from './serve.ts';

type Item = Uint8Array | Item[];

/** A package that supports only trees of byte strings: typed values would be additional work. */
export interface GenericRlp {
  decode(encoded: Uint8Array): unknown;
  encode(item: Item): Uint8Array;
}

export function genericRlpCases(folder: string, rlp: GenericRlp): Cases {
  const decode = (encoded: Uint8Array) => rlp.decode(encoded) as Item[];
  const encode = (item: Item[]) => rlp.encode(item);
  const tree = { decode, encode, sum: ([transactions = []]: Item[]) => transactions.length };
  const headers = {
    decode,
    encode,
    sum: (list: Item[]) =>
      (list as Uint8Array[][]).reduce(
        (sum, header) => sum + (header[logsBloom]?.[0] ?? 0) + (header[mixHash]?.[0] ?? 0),
        0,
      ),
  };
  const fullBody = {
    decode(encoded: Uint8Array): FullBody {
      const [transactions, ...rest] = decode(encoded);
      return { transactions: (transactions as Item[]).map((item) => open(rlp, item)), rest };
    },
    encode: ({ transactions, rest }: FullBody) =>
      encode([transactions.map((transaction) => close(rlp, transaction)), ...rest]),
    sum: ({ transactions }: FullBody) =>
      transactions.reduce((sum, { type, fields }) => sum + dataOf(type, fields).length, 0),
  };
  return {
    'rlp-body-decode': decoding(folder, 'body.rlp', fullBody),
    'rlp-body-encode': encoding(folder, 'body.rlp', fullBody),
    'rlp-tree-decode': decoding(folder, 'body.rlp', tree),
    'rlp-tree-encode': encoding(folder, 'body.rlp', tree),
    'rlp-headers-decode': decoding(folder, 'headers.rlp', headers),
    'rlp-headers-encode': encoding(folder, 'headers.rlp', headers),
  };
}

/** Indexes of header fields. */
const [logsBloom, mixHash] = [6, 13];

function dataOf(type: number, fields: readonly Item[]): Item {
  return fields[type === 0 ? 5 : 7] ?? [];
}

interface FullBody {
  transactions: Transaction[];
  rest: Item[];
}

interface Transaction {
  type: number;
  fields: Item[];
}

/** Decodes a transaction. A typed one is a string in its block, whose content takes a second step. */
function open(rlp: GenericRlp, item: Item): Transaction {
  if (!(item instanceof Uint8Array)) return { type: 0, fields: item };
  return { type: item[0] ?? 0, fields: rlp.decode(item.subarray(1)) as Item[] };
}

function close(rlp: GenericRlp, { type, fields }: Transaction): Item {
  if (type === 0) return fields;
  const payload = rlp.encode(fields);
  const whole = new Uint8Array(1 + payload.length);
  whole[0] = type;
  whole.set(payload, 1);
  return whole;
}
