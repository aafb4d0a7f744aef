const digits = '0123456789abcdef';

/** Bytes converted in one call of `String.fromCharCode`: a node id, and few enough to be arguments of one call. */
const chunkLength = 64;

/** Converts bytes to lower-case hex, two digits per byte, without `0x`. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += chunkLength) {
    const count = Math.min(chunkLength, bytes.length - start);
    const codes = new Array<number>(2 * count);
    for (let i = 0; i < count; i++) {
      const byte = bytes[start + i] as number;
      codes[2 * i] = digits.charCodeAt(byte >> 4);
      codes[2 * i + 1] = digits.charCodeAt(byte & 0xf);
    }
    // A string built in one call is flat. One that grows digit by digit is a rope, which V8 flattens on first use.
    text += String.fromCharCode(...codes);
  }
  return text;
}

/**
 * Parses hex: an even number of digits in either case, without `0x`.
 *
 * @throws SyntaxError for any other text, as `Uint8Array.fromHex` does
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new SyntaxError('odd number of hex digits');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = digitValue(text.charCodeAt(2 * i));
    const low = digitValue(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) throw new SyntaxError(`byte ${i} is not two hex digits`);
    bytes[i] = high * 16 + low;
  }
  return bytes;
}

function digitValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}
