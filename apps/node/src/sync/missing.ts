/** The next thing that a sync needs and does not have yet. */
export type Missing =
  /** The block to come to: nobody has shown its header. */
  | { readonly what: 'head' }
  /** Of this block. */
  | { readonly what: 'headers' | 'bodies' | 'receipts'; readonly number: number };
