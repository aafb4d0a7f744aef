import { type Clock, withTimeout } from '@devp2p/clock';
import type { DnsClient } from '@devp2p/dnsdisc';
import { type Enr, enodeFromEnr, formatEnr, toHex } from '@devp2p/enr';
import type { Named } from '../model/named-node.ts';

/** What {@link readList} needs. */
export interface ReadListOptions {
  readonly client: Pick<DnsClient, 'randomNodes'>;
  readonly clock: Clock;
  /** Ends it, without an error. */
  readonly signal: AbortSignal;
  /** Whether to stop when every node was there once, or no further one comes in time. */
  readonly once: boolean;
  readonly onNode: (named: Named) => void;
}

/** ms for the next node of a list, when it is read only once. */
const patience = 30_000;

/** Reads a list of nodes in DNS. */
export async function readList(url: string, options: ReadListOptions): Promise<void> {
  const { client, clock, signal, once, onNode } = options;
  const seen = new Set<string>();
  const nodes = client.randomNodes(url, { signal });
  try {
    for (;;) {
      const next = () => nodes.next();
      const { value } = once ? await withTimeout(clock, patience, next, { signal }) : await next();
      if (!value) return;
      const text = formatEnr(value);
      // An entry is there once in each pass, so that this is the beginning of the second.
      if (once && seen.has(text)) return;
      if (once) seen.add(text);
      onNode(namedBy(value));
    }
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError';
    if (!signal.aborted && !isLate) throw error;
  }
}

function namedBy(enr: Enr): Named {
  const { id } = enr;
  const enode = enodeFromEnr(enr);
  const endpoint = enode && { ip: enode.host, udp: enode.udp, tcp: enode.tcp };
  return { id, key: toHex(id), endpoint, enr };
}
