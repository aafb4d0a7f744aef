import {
  bigint,
  boolean,
  bytes,
  bytesUpTo,
  decode,
  encode,
  list,
  optional,
  RlpError,
  raw,
  struct,
  text,
  tree,
  uint,
  validate,
} from '@devp2p/rlp';
import { type Target, target } from '../target.ts';

const errors = [RlpError];
const anyTree = tree();

const everything = struct({
  flag: boolean,
  small: uint(16),
  wide: bigint(256),
  hash: bytes(32),
  data: bytesUpTo(64),
  name: text(32),
  inner: struct({ values: list(uint(64), { max: 16 }), item: raw }),
  later: optional(list(bytes())),
  last: optional(bigint(64)),
});
const values = {
  flag: true,
  small: 300,
  wide: 2n ** 255n,
  hash: new Uint8Array(32).fill(7),
  data: new Uint8Array(60).fill(1),
  name: 'naïve',
  inner: { values: [0, 1, 127, 128, 2 ** 52], item: Uint8Array.of(0xc2, 1, 0x80) },
};
const encoded = [
  encode(everything, values),
  encode(everything, { ...values, later: [new Uint8Array(), Uint8Array.of(0x80)], last: 0n }),
];
const deep = encode(anyTree, [[[[[[new Uint8Array(56)]]]]], []]);

export const rlpTargets: readonly Target[] = [
  target({
    name: 'rlp tree',
    structure: 'rlp',
    corpus: [...encoded, deep],
    errors,
    decode: (input) => decode(anyTree, input),
    encode: (value) => encode(anyTree, value),
    isCanonical: true,
  }),
  target({
    name: 'rlp validate',
    structure: 'rlp',
    corpus: [...encoded, deep],
    errors,
    decode: validate,
  }),
  target({
    name: 'rlp struct',
    structure: 'rlp',
    corpus: encoded,
    errors,
    decode: (input) => decode(everything, input),
    encode: (value) => encode(everything, value),
    isCanonical: true,
  }),
];
