import { bigint, bytes, bytesUpTo, type Codec, uint } from '@devp2p/rlp';

/** Limit of a header's extra data in bytes (go-ethereum). */
const maxExtraData = 100 * 1024;

export const hash: Codec<Uint8Array> = bytes(32);
export const address: Codec<Uint8Array> = bytes(20);
export const bloom: Codec<Uint8Array> = bytes(256);
export const blockNonce: Codec<Uint8Array> = bytes(8);
export const long: Codec<number> = uint(64);
const wideLong = bigint(64);
export const wide: Codec<bigint> = bigint(256);
export const extraData: Codec<Uint8Array> = bytesUpTo(maxExtraData);
/** Largest integer that is a `number`. */
export const maxUint: number = Number.MAX_SAFE_INTEGER;

/** Exact unsigned integer of 64 bits: a `number` up to 2^53 - 1, a `bigint` above. */
export const exactLong: Codec<number | bigint> = {
  read(reader) {
    // A string of up to 6 bytes, or a single byte: a number. The reader checks its form.
    const first = reader.bytes[reader.position] ?? 0;
    if (first < 0x87) return reader.uint(maxUint);
    const value = wideLong.read(reader);
    return value > maxUint ? value : Number(value);
  },
  write(writer, value) {
    if (typeof value === 'bigint') wideLong.write(writer, value);
    else long.write(writer, value);
  },
};
