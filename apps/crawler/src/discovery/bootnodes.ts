import { type Clock, sleep, withTimeout } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import {
  type Enode,
  type Enr,
  enodeFromEnr,
  parseEnode,
  parseEnr,
  parseIp,
  toHex,
} from '@devp2p/enr';
import { CrawlerError } from '../model/error.ts';
import type { Located } from '../model/named-node.ts';

/** A node that the user names: its host may be a name, which the record is silent about. */
export interface UserNode extends Enode {
  /** The node's own record, when the user gave that. */
  readonly enr?: Enr;
}

/**
 * Reads `enode://` with an IP address or host name, or `enr:`.
 *
 * @throws EnodeError, EnrError; CrawlerError `invalid-option` when a record does not say where its node is.
 */
export function parseUserNode(text: string, crypto: Crypto): UserNode {
  if (!text.startsWith('enr:')) return parseEnode(text, { allowHostname: true, crypto });
  const enr = parseEnr(text, { crypto });
  const enode = enodeFromEnr(enr);
  if (enode) return { ...enode, enr };
  throw new CrawlerError('invalid-option', `a record without an IP address: ${text}`);
}

/** ms before a name is looked up again; doubled each time. */
const minRetry = 1_000;
const maxRetry = 60_000;

/** ms to look a name up: the system's resolver may well take its time, and cannot be told to stop. */
const lookupTimeout = 30_000;

/**
 * The node with its IP address, looked up as often as it takes. Rejects with the signal's reason.
 *
 * @param attempts - after so many it is given up: `undefined`.
 */
export async function resolveUserNode(
  { id, host, tcp, udp, enr }: UserNode,
  resolveHost: (host: string) => Promise<string>,
  {
    clock,
    signal,
    attempts,
    onFailure,
  }: {
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly attempts: number;
    readonly onFailure: (error: unknown) => void;
  },
): Promise<Located | undefined> {
  const named = (ip: string) => {
    return { id, key: toHex(id), endpoint: { ip, tcp, udp }, enr, stated: true };
  };
  if (parseIp(host) !== undefined) return named(host);
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) {
      await sleep(clock, Math.min(maxRetry, minRetry * 2 ** (attempt - 1)), { signal });
    }
    try {
      const look = () => resolveHost(host);
      return named(await withTimeout(clock, lookupTimeout, look, { signal }));
    } catch (error) {
      signal.throwIfAborted();
      onFailure(error);
    }
  }
  return undefined;
}
