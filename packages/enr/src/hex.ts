const DIGITS = '0123456789abcdef';

/** Bytes whose digits are put together at a time: a node id, and not more than a call may have arguments. */
const CHUNK = 64;

/** Lower-case hex, two digits a byte, without `0x`. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += CHUNK) {
    const count = Math.min(CHUNK, bytes.length - start);
    const codes = new Array<number>(2 * count);
    for (let i = 0; i < count; i++) {
      const byte = bytes[start + i] as number;
      codes[2 * i] = DIGITS.charCodeAt(byte >> 4);
      codes[2 * i + 1] = DIGITS.charCodeAt(byte & 0xf);
    }
    // Unlike a string that grew digit by digit, this one need not be put together again where it is looked up.
    text += String.fromCharCode(...codes);
  }
  return text;
}

/**
 * The bytes that an even number of hex digits stands for; either case, without `0x`.
 *
 * @throws SyntaxError for anything else, as `Uint8Array.fromHex` does.
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new SyntaxError('odd number of hex digits');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = digit(text.charCodeAt(2 * i));
    const low = digit(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) throw new SyntaxError(`not a hex digit in byte ${i}`);
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
