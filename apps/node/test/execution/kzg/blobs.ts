import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

const { DasContextJs } = require('@crate-crypto/node-eth-kzg') as typeof import('@crate-crypto/node-eth-kzg');

/** A context of the native library, which makes the commitments and proofs that tests check. */
export const maker = DasContextJs.create({ usePrecomp: false });

/** A blob whose field elements are canonical and differ from each other and from those of other seeds. */
export function makeBlob(seed: number): Uint8Array {
  const blob = new Uint8Array(4096 * 32);
  const view = new DataView(blob.buffer);
  for (let at = 0; at < blob.length; at += 32) {
    view.setUint32(at, (seed * 7919 + at) % 0x73ed_a753);
    view.setUint32(at + 28, at + seed);
  }
  return blob;
}

/** A copy with one bit of the last byte changed. */
export function altered(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 1] = (copy.at(-1) as number) ^ 1;
  return copy;
}

/** Points that are not the encoding of a point of the subgroup. */
export const malformedPoints: Readonly<Record<string, Uint8Array>> = {
  'all ones': new Uint8Array(48).fill(0xff),
  'all zeros, without the flag of compression': new Uint8Array(48),
  'x is not on the curve': Uint8Array.from({ length: 48 }, (_, at) => (at === 0 ? 0x80 : at === 47 ? 3 : 0)),
  'a point of the curve outside the subgroup': Uint8Array.from({ length: 48 }, (_, at) =>
    at === 0 ? 0x80 : at === 47 ? 4 : 0,
  ),
};
