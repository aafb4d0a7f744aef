// Ids, addresses and records are stored as strings with one character per byte: a typed array costs about 200 bytes
// more than its contents in V8, which for 80,000 entries exceeds all other data.

/** Returns a string with one character per byte. */
export function binary(bytes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[]);
}

/** Returns the bytes of such a string, as a new array. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
