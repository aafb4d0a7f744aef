import { errorText } from '../logging/log.ts';
import { NodeError } from './node-error.ts';

/** What could not be listened on, and the flags that name another. */
export interface WantedPort {
  /** Begins the message: `port`, `UDP port`. */
  readonly what: string;
  readonly host: string;
  readonly port: number;
  readonly portFlag: string;
  readonly addrFlag: string;
}

/** Why a socket cannot be bound, and what to do about it, on one line. */
export function portUnavailable(error: unknown, wanted: WantedPort): NodeError {
  return new NodeError('port-unavailable', explain(error, wanted), { cause: error });
}

function explain(error: unknown, { what, host, port, portFlag, addrFlag }: WantedPort): string {
  const where = `${what} ${port} on ${host}`;
  const failed = `cannot listen on ${where}`;
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return `${where} is in use by another program: stop it, or choose another with ${portFlag}`;
    case 'EADDRNOTAVAIL':
      return `${failed}: ${host} is not an address of this machine, choose another with ${addrFlag}`;
    case 'EACCES':
      return `${failed}: the system does not permit it, choose another port with ${portFlag}`;
    default:
      return `${failed} (${errorText(error)}): choose others with ${portFlag} and ${addrFlag}`;
  }
}

/** Of the innermost cause. */
function systemCode(error: unknown): unknown {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return cause === undefined ? code : systemCode(cause);
}
