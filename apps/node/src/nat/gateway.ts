/** What a port is for. */
export type Protocol = 'tcp' | 'udp';

/** A port of ours that a gateway is asked to pass on to us. */
export interface Mapping {
  readonly protocol: Protocol;
  /** Port that we listen on. */
  readonly port: number;
  /** Port at the gateway that we would like best. */
  readonly externalPort: number;
}

/** What a gateway has agreed to. */
export interface Lease {
  readonly externalPort: number;
  /** Seconds; `Infinity` for one without an end. */
  readonly lifetime: number;
}

/** Something between us and the internet that can be asked to let others in. All throw GatewayError, or what the signal aborts with. */
export interface Gateway {
  /** Kind and address, for the log. */
  readonly name: string;
  /** Its address on the other side, IPv4. */
  externalIp(signal: AbortSignal): Promise<string>;
  /** Asks for a mapping, or for one that there is to last longer. */
  map(mapping: Mapping, signal: AbortSignal): Promise<Lease>;
  unmap(mapping: Mapping, signal: AbortSignal): Promise<void>;
}

/** Seconds for which a mapping is asked; go-ethereum's `portMapDuration`. */
export const LEASE = 600;

/** Why a gateway is of no use. */
export type GatewayErrorCode =
  /** No gateway responds. */
  | 'absent'
  /** Its response is invalid. */
  | 'garbled'
  /** Its own address is not on the internet: there is a second NAT, or no connection. */
  | 'not-public'
  /** It refuses the request. */
  | 'refused';

/** A gateway that does not do what it is asked. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: GatewayErrorCode;
  /** Number that the protocol has for it. */
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
