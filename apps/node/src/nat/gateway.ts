/** Transport protocol of a port. */
export type Protocol = 'tcp' | 'udp';

/** A local port to which a gateway forwards one of its ports. */
export interface Mapping {
  readonly protocol: Protocol;
  /** Port that the node listens on. */
  readonly port: number;
  /** Preferred port at the gateway. */
  readonly externalPort: number;
}

/** A mapping as granted by a gateway. */
export interface Lease {
  readonly externalPort: number;
  /** In seconds; `Infinity` if it is permanent. */
  readonly lifetime: number;
}

/** A router that maps its ports to local ones. All methods throw GatewayError, or the reason of the signal. */
export interface Gateway {
  /** Kind and address, for the log. */
  readonly name: string;
  /** Its external IPv4 address. */
  externalIp(signal: AbortSignal): Promise<string>;
  /** Requests a mapping, or extends an existing one. */
  map(mapping: Mapping, signal: AbortSignal): Promise<Lease>;
  unmap(mapping: Mapping, signal: AbortSignal): Promise<void>;
}

/** Requested duration of a mapping, in seconds; `portMapDuration` of go-ethereum. */
export const leaseTime = 600;

/** Reasons for which a gateway cannot be used. */
export type GatewayErrorCode =
  /** No gateway responds. */
  | 'absent'
  /** Its response is invalid. */
  | 'garbled'
  /** Its own address is not on the internet: there is a second NAT, or no connection. */
  | 'not-public'
  /** It refuses the request. */
  | 'refused';

/** A request to a gateway failed. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: GatewayErrorCode;
  /** Result or error code of the protocol. */
  readonly fault: number | undefined;

  constructor(
    code: GatewayErrorCode,
    message: string,
    options: { readonly fault?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options);
    this.code = code;
    this.fault = options.fault;
  }
}
