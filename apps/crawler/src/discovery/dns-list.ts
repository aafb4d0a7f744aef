import { toHex } from '@devp2p/bytes';
import { type Clock, withTimeout } from '@devp2p/clock';
import type { DnsClient } from '@devp2p/dnsdisc';
import { type Enr, enodeFromEnr, formatEnr } from '@devp2p/enr';
import type { ReportedNode } from '../model/reported-node.ts';

export interface ReadDnsListOptions {
  readonly client: Pick<DnsClient, 'randomNodes'>;
  readonly clock: Clock;
  /** Ends the reading without an error. */
  readonly signal: AbortSignal;
  /** Whether to stop after one pass over the list, or when the next node takes too long. */
  readonly once: boolean;
  readonly onNode: (node: ReportedNode) => void;
}

/** Milliseconds for the next node of a list that is read once. */
const nextNodeTimeout = 30_000;

/** Reads the nodes of a DNS list. */
export async function readDnsList(url: string, options: ReadDnsListOptions): Promise<void> {
  const { client, clock, signal, once, onNode } = options;
  const seen = new Set<string>();
  const nodes = client.randomNodes(url, { signal });
  try {
    for (;;) {
      const next = () => nodes.next();
      const { value } = once ? await withTimeout(clock, nextNodeTimeout, next, { signal }) : await next();
      if (!value) return;
      const text = formatEnr(value);
      // Each pass yields an entry once, so a repeated entry starts the second pass.
      if (once && seen.has(text)) return;
      if (once) seen.add(text);
      onNode(reportedNode(value));
    }
  } catch (error) {
    const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
    if (!signal.aborted && !isTimeout) throw error;
  }
}

function reportedNode(enr: Enr): ReportedNode {
  const { id } = enr;
  const enode = enodeFromEnr(enr);
  const endpoint = enode && { ip: enode.host, udp: enode.udp, tcp: enode.tcp };
  return { id, key: toHex(id), endpoint, enr };
}
