/** Unsigned integers as big-endian bytes without leading zeros, from and to buffers, without hex in between. */

const scratch = new Uint8Array(32);
const scratchView = new DataView(scratch.buffer);

/** Writes a number below 2^53; 0 takes no byte. @returns the end */
function writeNumber(out: Uint8Array, start: number, value: number): number {
  let length = 0;
  for (let rest = value; rest >= 1; rest = Math.floor(rest / 0x100)) length++;
  let rest = value;
  for (let at = start + length - 1; at >= start; at--) {
    out[at] = rest % 0x100;
    rest = Math.floor(rest / 0x100);
  }
  return start + length;
}

const smallLimit = 1n << 53n;

/** Writes 32 bytes. @param value 0 … 2^256 − 1 */
export function writeUint256(out: Uint8Array, start: number, value: bigint): void {
  if (value < smallLimit) {
    out.fill(0, start, start + 32);
    let rest = Number(value);
    for (let at = start + 31; rest >= 1; at--) {
      out[at] = rest % 0x100;
      rest = Math.floor(rest / 0x100);
    }
    return;
  }
  scratchView.setBigUint64(0, value >> 192n);
  scratchView.setBigUint64(8, BigInt.asUintN(64, value >> 128n));
  scratchView.setBigUint64(16, BigInt.asUintN(64, value >> 64n));
  scratchView.setBigUint64(24, BigInt.asUintN(64, value));
  out.set(scratch, start);
}

/**
 * Writes an integer without leading zeros; 0 takes no byte.
 *
 * @param value 0 … 2^256 − 1
 * @returns the end
 */
export function writeInteger(out: Uint8Array, start: number, value: bigint): number {
  if (value < smallLimit) return writeNumber(out, start, Number(value));
  writeUint256(scratch, 0, value);
  let first = 0;
  while (scratch[first] === 0) first++;
  for (let i = first; i < 32; i++) out[start + i - first] = scratch[i] as number;
  return start + 32 - first;
}

/** The integer in bytes from `start` to `end`, at most 32 of them. */
export function readInteger(bytes: Uint8Array, start: number, end: number): bigint {
  if (end - start <= 6) {
    let value = 0;
    for (let at = start; at < end; at++) value = value * 0x100 + (bytes[at] as number);
    return BigInt(value);
  }
  scratch.fill(0);
  for (let at = end, to = 32; at > start; ) scratch[--to] = bytes[--at] as number;
  let value = scratchView.getBigUint64(24);
  if (end - start > 8) value |= scratchView.getBigUint64(16) << 64n;
  if (end - start > 16) value |= (scratchView.getBigUint64(8) << 128n) | (scratchView.getBigUint64(0) << 192n);
  return value;
}

/** Writes the RLP of an integer, at most 33 bytes. @returns the end */
export function writeRlpInteger(out: Uint8Array, start: number, value: bigint): number {
  const end = writeInteger(out, start + 1, value);
  const length = end - start - 1;
  if (length === 1 && (out[start + 1] as number) < 0x80) {
    out[start] = out[start + 1] as number;
    return start + 1;
  }
  out[start] = 0x80 + length;
  return end;
}
