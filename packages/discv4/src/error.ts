import { DiscoverError } from '@devp2p/discover';

/**
 * Codes of {@link Discv4Error}.
 *
 * | code | meaning |
 * | --- | --- |
 * | `invalid-option` | an option or argument is not valid; the message names it and its value |
 * | `foreign-packet` | the bytes are not a discovery v4 packet: too short, too long, or the hash does not match |
 * | `unknown-type` | the packet type is not defined |
 * | `malformed-packet` | the body or the signature of a packet is not valid; the `cause` has the position |
 * | `packet-too-large` | a packet to send has more than 1280 bytes |
 * | `timeout` | no response arrived in time |
 * | `busy` | `maxPending` requests are pending |
 * | `no-endpoint` | a node has no IP address or UDP port, or an invalid TCP port; or a configured address is not an IP address |
 * | `invalid-record` | the record in a response belongs to another node, is damaged, or has an address that is not credible; it may have a `cause` |
 * | `listen-failed` | the socket cannot be bound; the message ends with the system error, which is the `cause` |
 * | `closed` | discovery is closed |
 */
export type Discv4ErrorCode =
  | 'invalid-option'
  | 'foreign-packet'
  | 'unknown-type'
  | 'malformed-packet'
  | 'packet-too-large'
  | 'timeout'
  | 'busy'
  | 'no-endpoint'
  | 'invalid-record'
  | 'listen-failed'
  | 'closed';

/** Error of this package. */
export class Discv4Error extends Error {
  override readonly name = 'Discv4Error';
  readonly code: Discv4ErrorCode;

  constructor(code: Discv4ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Includes the message, which `JSON.stringify` leaves out of errors. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}

/** Throws an error of `@devp2p/discover` as an error of this package, and any other error unchanged. */
export function rethrow(error: unknown): never {
  if (!(error instanceof DiscoverError)) throw error;
  const { code, message, cause } = error;
  throw new Discv4Error(code, message, cause === undefined ? undefined : { cause });
}
