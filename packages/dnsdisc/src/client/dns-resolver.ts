import { Resolver } from 'node:dns/promises';
import { array, integer, positive, type Rules, string } from '@devp2p/options';
import { check } from '../check-options.ts';
import { DnsdiscError } from '../error.ts';

/**
 * Resolves the TXT records of a DNS name. Returns the strings of each record; an empty array if the name has no TXT
 * records or does not exist. An error counts as a failure, after which the name is requested again later. The signal
 * aborts when the result is no longer needed.
 */
export type ResolveTxt = (
  name: string,
  options: { readonly signal: AbortSignal },
) => Promise<readonly (readonly string[])[]>;

/** Options of {@link createDnsResolver}. */
export interface DnsResolverOptions {
  /** Addresses of DNS servers, with the port if it is not 53. @default the servers of the system */
  readonly servers?: readonly string[] | undefined;
  /** Timeout of each try in milliseconds. @default 2000 */
  readonly timeout?: number | undefined;
  /** Tries per server. @default 2 */
  readonly tries?: number | undefined;
}

const rules: Rules<DnsResolverOptions> = { servers: array, timeout: positive, tries: integer(1) };

/**
 * Creates a resolver with the DNS client of Node.js (c-ares). Each request uses its own `Resolver`, so that an abort
 * cancels no other request, and each has a new source port. The default resolver of the process is not changed.
 *
 * @throws DnsdiscError `invalid-option`
 */
export function createDnsResolver(options: DnsResolverOptions = {}): ResolveTxt {
  check.options('createDnsResolver', options, rules);
  const { servers, timeout = 2000, tries = 2 } = options;
  const open = (): Resolver => {
    const resolver = new Resolver({ timeout, tries });
    if (servers) resolver.setServers(servers);
    return resolver;
  };
  if (servers !== undefined) check.elements('servers', servers, string);
  try {
    // Reports an invalid address now rather than at each request.
    open();
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message : String(cause);
    throw new DnsdiscError('invalid-option', `invalid servers: ${fault}`, { cause });
  }
  return async (name, { signal }) => {
    signal.throwIfAborted();
    const resolver = open();
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await resolver.resolveTxt(name);
    } catch (error) {
      if (isNoRecord(error)) return [];
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

/** Whether the name does not exist (NXDOMAIN), or has records of other types only. */
function isNoRecord(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOTFOUND' || code === 'ENODATA';
}
