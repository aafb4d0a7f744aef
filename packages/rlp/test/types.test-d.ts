import { describe, expectTypeOf, test } from 'vitest';
import {
  bigint,
  boolean,
  bytes,
  type Codec,
  decode,
  decodePrefix,
  encode,
  type Infer,
  list,
  map,
  optional,
  type raw,
  type StructOf,
  struct,
  type Tree,
  text,
  tree,
  uint,
} from '../src/index.ts';

const transaction = struct({
  nonce: uint(64),
  value: bigint(256),
  to: bytes(20),
  access: list(struct({ address: bytes(20), keys: list(bytes(32)) })),
  note: optional(text(32)),
  last: optional(boolean),
});

interface Transaction {
  nonce: number;
  value: bigint;
  to: Uint8Array;
  access: { address: Uint8Array; keys: Uint8Array[] }[];
  note?: string;
  last?: boolean;
}

describe('types both ways', () => {
  test('types of decoded values', () => {
    expectTypeOf<Infer<typeof transaction>>().toEqualTypeOf<Transaction>();
    expectTypeOf(decode(list(transaction), new Uint8Array())).toEqualTypeOf<Transaction[]>();
    expectTypeOf(decodePrefix(uint(8), new Uint8Array())).toEqualTypeOf<{
      value: number;
      length: number;
    }>();
    expectTypeOf<Infer<typeof raw>>().toEqualTypeOf<Uint8Array>();
    expectTypeOf(tree()).toEqualTypeOf<Codec<Tree>>();
    expectTypeOf(map(uint(8), String, Number)).toEqualTypeOf<Codec<string>>();
    expectTypeOf(struct({}, { extra: 'ignore' })).toEqualTypeOf<Codec<StructOf<Record<never, never>>>>();
  });

  test('types of encoded values', () => {
    const good: Transaction = { nonce: 1, value: 1n, to: new Uint8Array(20), access: [] };
    expectTypeOf(encode(transaction, good)).toEqualTypeOf<Uint8Array>();
    expectTypeOf(encode(transaction, { ...good, note: 'n' })).toEqualTypeOf<Uint8Array>();
    // @ts-expect-error a field is missing
    encode(transaction, { nonce: 1, value: 1n, to: new Uint8Array(20) });
    // @ts-expect-error a number is not a bigint
    encode(transaction, { ...good, value: 1 });
    // @ts-expect-error an absent field has no property
    encode(transaction, { ...good, note: undefined });
    // @ts-expect-error no such field
    encode(transaction, { ...good, gas: 1 });
    // @ts-expect-error text is not bytes
    encode(list(bytes()), ['ab']);
  });

  test('types of fields', () => {
    // @ts-expect-error a field is a codec
    struct({ nonce: 8 });
    // @ts-expect-error an optional field is allowed in a struct only
    list(optional(uint(8)));
    // @ts-expect-error no such option
    list(uint(8), { maximum: 2 });
  });

  test('a separate interface is compatible with its codec', () => {
    const codec: Codec<Transaction> = transaction;
    expectTypeOf(codec).toEqualTypeOf<Codec<Transaction>>();
  });
});
