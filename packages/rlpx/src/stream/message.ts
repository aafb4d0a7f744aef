/** A received message. */
export interface Message {
  /** Message code on the connection, not relative to a protocol. */
  readonly code: number;
  /** Decompressed payload. Owned by the reader; it does not retain the bytes of other messages. */
  readonly payload: Uint8Array;
  /** Length on the wire in bytes, framing included. */
  readonly wireSize: number;
}

/** Address of one end of a connection. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with IPv6 in brackets. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
