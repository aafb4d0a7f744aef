export { type Codec, decode, decodePrefix, encode, type Infer } from './codec.ts';
export { RlpError, type RlpErrorCode } from './error.ts';
export { type ListOptions, list } from './list.ts';
export { map } from './map.ts';
export { Reader } from './reader.ts';
export { bigint, boolean, bytes, bytesUpTo, text, uint } from './scalars.ts';
export {
  type Fields,
  type OptionalField,
  optional,
  type StructOf,
  type StructOptions,
  struct,
} from './struct.ts';
export { raw, type Tree, type TreeOptions, tree, validate } from './tree.ts';
export { Writer } from './writer.ts';
