import { toHex } from '@devp2p/bytes';
import { type Clock, sleep, withTimeout } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { type Enode, type Enr, enodeFromEnr, parseEnode, parseEnr } from '@devp2p/enr';
import { parseIp } from '@devp2p/ip';
import { CrawlerError } from '../model/error.ts';
import type { LocatedNode } from '../model/reported-node.ts';

/** A node given by the user. Its host may be a host name, which a record cannot contain. */
export interface UserNode extends Enode {
  /** Its record, if the user gave one. */
  readonly enr?: Enr;
}

/** Finds the IP address of a host name. */
export type ResolveHost = (host: string) => Promise<string>;

/**
 * Parses `enode://` with an IP address or host name, or `enr:`.
 *
 * @throws EnodeError, EnrError; CrawlerError `invalid-option` for a record without an IP address
 */
export function parseUserNode(text: string, crypto: Crypto): UserNode {
  if (!text.startsWith('enr:')) return parseEnode(text, { allowHostname: true, crypto });
  const enr = parseEnr(text, { crypto });
  const enode = enodeFromEnr(enr);
  if (enode) return { ...enode, enr };
  throw new CrawlerError('invalid-option', `record without an IP address: ${text}`);
}

/** Milliseconds before a host name is looked up again; doubled after each failure. */
const minRetryDelay = 1_000;
const maxRetryDelay = 60_000;

/** Milliseconds for a lookup: the system's resolver may take longer and cannot be aborted. */
const lookupTimeout = 30_000;

export interface ResolveUserNodeOptions {
  readonly resolveHost: ResolveHost;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Number of lookups after which the result is `undefined`; may be `Infinity`. */
  readonly maxAttempts: number;
  readonly onFailure: (error: unknown) => void;
}

/** Looks up the IP address of a node, with retries. Rejects with the signal's reason. */
export async function resolveUserNode(
  { id, host, tcp, udp, enr }: UserNode,
  { resolveHost, clock, signal, maxAttempts, onFailure }: ResolveUserNodeOptions,
): Promise<LocatedNode | undefined> {
  const locatedAt = (ip: string): LocatedNode => {
    return { id, key: toHex(id), endpoint: { ip, tcp, udp }, enr, fromUser: true };
  };
  if (parseIp(host) !== undefined) return locatedAt(host);
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    if (attempt > 0) {
      await sleep(clock, Math.min(maxRetryDelay, minRetryDelay * 2 ** (attempt - 1)), { signal });
    }
    try {
      const lookup = () => resolveHost(host);
      return locatedAt(await withTimeout(clock, lookupTimeout, lookup, { signal }));
    } catch (error) {
      signal.throwIfAborted();
      onFailure(error);
    }
  }
  return undefined;
}
