/** The largest word, 2^256 - 1. */
export const maxWord: bigint = 2n ** 256n - 1n;
export const twoPow256: bigint = 2n ** 256n;

const twoPow64 = 2n ** 64n;

/** Reads a word of 32 bytes, big-endian. */
export function readWord(view: DataView, offset: number): bigint {
  const isSmall =
    (view.getInt32(offset) |
      view.getInt32(offset + 4) |
      view.getInt32(offset + 8) |
      view.getInt32(offset + 12) |
      view.getInt32(offset + 16) |
      view.getInt32(offset + 20)) ===
    0;
  const low = view.getBigUint64(offset + 24);
  if (isSmall) return low;
  const high = (view.getBigUint64(offset) << 64n) | view.getBigUint64(offset + 8);
  return (high << 128n) | (view.getBigUint64(offset + 16) << 64n) | low;
}

/** Writes a word of 32 bytes, big-endian. */
export function writeWord(view: DataView, offset: number, word: bigint): void {
  if (word < twoPow64) {
    view.setFloat64(offset, 0);
    view.setFloat64(offset + 8, 0);
    view.setFloat64(offset + 16, 0);
  } else {
    view.setBigUint64(offset, word >> 192n);
    view.setBigUint64(offset + 8, word >> 128n);
    view.setBigUint64(offset + 16, word >> 64n);
  }
  view.setBigUint64(offset + 24, word);
}

/** The word of bytes that are at most 32, as a big-endian number. */
export function wordOf(bytes: Uint8Array): bigint {
  if (bytes.length < 32) scratch.fill(0, 0, 32 - bytes.length);
  scratch.set(bytes, 32 - bytes.length);
  return readWord(scratchView, 0);
}

/** A word as 32 bytes. */
export function wordBytes(word: bigint): Uint8Array {
  const bytes = new Uint8Array(32);
  writeWord(new DataView(bytes.buffer), 0, word);
  return bytes;
}

/** The address in the low 20 bytes of a word. The array is the same one every time. */
export function addressOf(word: bigint): Uint8Array {
  writeWord(scratchView, 0, word);
  return scratchAddress;
}

const scratch = new Uint8Array(32);
const scratchAddress = scratch.subarray(12);
const scratchView = new DataView(scratch.buffer);
