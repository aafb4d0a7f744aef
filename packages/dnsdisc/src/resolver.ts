import { Resolver } from 'node:dns/promises';
import { array, integer, positive, type Rules, string } from '@devp2p/options';
import { check } from './check-options.ts';
import { DnsdiscError } from './error.ts';

/**
 * Looks up the TXT records of a name: for each record its strings, which belong together. No record, or no such name,
 * is an empty answer. Whatever it throws counts as a failure and is tried again later. The signal aborts when nobody
 * waits for the answer any more.
 */
export type ResolveTxt = (
  name: string,
  options: { readonly signal: AbortSignal },
) => Promise<readonly (readonly string[])[]>;

/** Options of {@link dnsResolver}. */
export interface DnsResolverOptions {
  /** Addresses of DNS servers, each with a port if it is not 53. @default those of the system */
  readonly servers?: readonly string[] | undefined;
  /** How long to wait for a server before the next try, in ms. @default 2000 */
  readonly timeout?: number | undefined;
  /** How often to ask each server. @default 2 */
  readonly tries?: number | undefined;
}

const rules: Rules<DnsResolverOptions> = { servers: array, timeout: positive, tries: integer(1) };

/**
 * Resolves through Node's DNS client (c-ares). Every lookup has a `Resolver` of its own, so that giving one up cancels
 * no other, and each leaves from a fresh port. The resolver that the rest of the process uses is never touched.
 *
 * @throws DnsdiscError `invalid-option`, also when a server is no address.
 */
export function dnsResolver(options: DnsResolverOptions = {}): ResolveTxt {
  check.options('dnsResolver', options, rules);
  const { servers, timeout = 2000, tries = 2 } = options;
  const open = (): Resolver => {
    const resolver = new Resolver({ timeout, tries });
    if (servers) resolver.setServers(servers);
    return resolver;
  };
  if (servers !== undefined) check.elements('servers', servers, string);
  try {
    // Better known now than at every lookup.
    open();
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message : String(cause);
    throw new DnsdiscError('invalid-option', `servers: ${fault}`, { cause });
  }
  return async (name, { signal }) => {
    signal.throwIfAborted();
    const resolver = open();
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await resolver.resolveTxt(name);
    } catch (error) {
      if (saysNothingThere(error)) return [];
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
}

/** NXDOMAIN, or a name that has records of other types only. */
function saysNothingThere(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOTFOUND' || code === 'ENODATA';
}
