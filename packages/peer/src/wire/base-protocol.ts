/** Message codes of the base protocol "p2p" (devp2p rlpx.md, "p2p capability"). */
export const baseCodes = {
  hello: 0x00,
  disconnect: 0x01,
  ping: 0x02,
  pong: 0x03,
} as const;

/** Number of codes of the base protocol, and the first code of other protocols. */
export const baseLength = 0x10;

/** Version of the base protocol. Version 5 added Snappy (EIP-706). */
export const baseVersion = 5;

/** The payload of Ping and Pong: an empty list. */
export const emptyList: Uint8Array = Uint8Array.of(0xc0);
