/**
 * Keys of the state in memory: strings with one character per byte, which a Map compares and hashes faster than any
 * object. An account's key is the hash of its address, a slot's key is the id of its storage and the hash of the slot,
 * and a trie node's key is the id of its trie and its path, one nibble per character.
 */
const { latin1Slice, latin1Write } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, offset: number): number;
};

/** Bytes as a string with one character per byte. */
export function keyOf(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return latin1Slice.call(bytes, start, end);
}

/** Writes a string of {@link keyOf} as bytes. */
export function writeKey(out: Uint8Array, at: number, key: string): void {
  latin1Write.call(out, key, at);
}

/** The bytes of a string of {@link keyOf}. */
export function bytesOfKey(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  latin1Write.call(bytes, key, 0);
  return bytes;
}

/** Length of {@link storageKey}. */
export const storageKeyLength = 7;

/**
 * A storage id as seven characters, in the order of the ids. The high bit of each is set, so that the path of a node in
 * the account trie differs from each key of a storage trie.
 *
 * @param id 1 … 2^49 − 1
 */
export function storageKey(id: number): string {
  const high = Math.floor(id / 0x1000_0000);
  const low = id % 0x1000_0000;
  return String.fromCharCode(
    0x80 | ((high >>> 14) & 0x7f),
    0x80 | ((high >>> 7) & 0x7f),
    0x80 | (high & 0x7f),
    0x80 | (low >>> 21),
    0x80 | ((low >>> 14) & 0x7f),
    0x80 | ((low >>> 7) & 0x7f),
    0x80 | (low & 0x7f),
  );
}

/** The id at the beginning of a key. */
export function storageIdOf(key: string): number {
  let id = 0;
  for (let i = 0; i < storageKeyLength; i++) id = id * 0x80 + (key.charCodeAt(i) & 0x7f);
  return id;
}
