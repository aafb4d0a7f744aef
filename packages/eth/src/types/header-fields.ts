import { bigint, bytes, bytesUpTo, type Codec, uint } from '@devp2p/rlp';

/** go-ethereum's sanity limit on a header's extra data. */
const maxExtraData = 100 * 1024;

export const hash: Codec<Uint8Array> = bytes(32);
export const address: Codec<Uint8Array> = bytes(20);
export const bloom: Codec<Uint8Array> = bytes(256);
export const blockNonce: Codec<Uint8Array> = bytes(8);
export const long: Codec<number> = uint(64);
const wideLong = bigint(64);
export const wide: Codec<bigint> = bigint(256);
export const extraData: Codec<Uint8Array> = bytesUpTo(maxExtraData);
/** The largest integer that is a `number` here. */
export const maxUint: number = Number.MAX_SAFE_INTEGER;

/** An unsigned integer of 64 bits of which no digit is lost: a `number` up to 2^53 - 1, a `bigint` beyond. */
export const exactLong: Codec<number | bigint> = {
  read(reader) {
    // The prefix of at most 6 bytes, or a byte that is its own: a number, and the reader checks the rest.
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
