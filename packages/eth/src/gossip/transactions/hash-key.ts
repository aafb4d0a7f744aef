/**
 * Key of a hash in a `Map`: 16 characters of two bytes each, which are made four times as fast as hex and are half as
 * long.
 *
 * @param hash 32 bytes
 */
export function hashKey(hash: Uint8Array): string {
  return String.fromCharCode(
    unit(hash, 0),
    unit(hash, 2),
    unit(hash, 4),
    unit(hash, 6),
    unit(hash, 8),
    unit(hash, 10),
    unit(hash, 12),
    unit(hash, 14),
    unit(hash, 16),
    unit(hash, 18),
    unit(hash, 20),
    unit(hash, 22),
    unit(hash, 24),
    unit(hash, 26),
    unit(hash, 28),
    unit(hash, 30),
  );
}

function unit(hash: Uint8Array, at: number): number {
  return ((hash[at] as number) << 8) | (hash[at + 1] as number);
}

/** The reverse of {@link hashKey}. */
export function hashOfKey(key: string): Uint8Array {
  const hash = new Uint8Array(2 * key.length);
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    hash[2 * i] = code >> 8;
    hash[2 * i + 1] = code;
  }
  return hash;
}
