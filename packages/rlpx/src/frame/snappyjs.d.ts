declare module 'snappyjs' {
  /** One-shot block format. The result is the caller's own. */
  export function compress(input: Uint8Array): Uint8Array;
}
