/** One message as it came off the wire. */
export interface Message {
  /** Message code, not relative to any protocol. */
  readonly code: number;
  /** Decompressed payload. Belongs to whoever reads it; it keeps no other message's bytes alive. */
  readonly payload: Uint8Array;
  /** Bytes that the message took on the wire, framing included. */
  readonly wireSize: number;
}

/** One end of a connection. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with IPv6 in brackets. */
export function formatAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
