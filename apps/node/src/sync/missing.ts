/** The next data that a sync needs. */
export type Missing =
  /** The header of the target. */
  | { readonly what: 'head' }
  /** A part of the block with the number. */
  | { readonly what: 'headers' | 'bodies' | 'receipts'; readonly number: number };
