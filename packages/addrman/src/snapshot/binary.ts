// Ids, addresses and records are kept as strings with one character per byte: a typed array costs V8 about 200 bytes
// beside its contents, which for 80,000 entries is more than everything else together.

/** One character per byte. */
export function binary(bytes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[]);
}

/** The bytes again, in an array of their own. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
