import { lookup } from 'node:dns/promises';
import { formatEnr } from '@devp2p/enr';
import { abortSignal, func, type Rules, string } from '@devp2p/options';
import { parseUserNode, resolveUserNode } from '../discovery/bootnodes.ts';
import { CrawlerError } from '../model/error.ts';
import type { NodeRecord, NodeStatus, Visit } from '../model/node-record.ts';
import { shownNode, shownVisit } from '../model/shown-records.ts';
import { openVisiting } from './open.ts';
import { check, checkNetwork, type VisitSettings, visitRules, withDefaults } from './options.ts';
import { recordAfter, visitOf } from './outcome.ts';
import { visit } from './visit.ts';

/** Options of {@link checkNode}. */
export interface CheckOptions extends VisitSettings {
  /** Ends the check with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each step as it is reached, and the ms that it took. */
  readonly onStep?: ((step: NodeStatus, ms: number) => void) | undefined;
  /** Finds the IP address of a host name. @default the system's resolver */
  readonly resolveHost?: ((host: string) => Promise<string>) | undefined;
}

/** What a check of one node has found. */
export interface Checked {
  readonly node: NodeRecord;
  readonly visit: Visit;
}

const checkRules: Rules<CheckOptions> = {
  ...visitRules,
  signal: abortSignal,
  onStep: func,
  resolveHost: func,
};

/**
 * Visits one node.
 *
 * @param node - `enode://` (host names allowed) or `enr:`.
 * @throws EnodeError, EnrError for what is no node; CrawlerError `invalid-option` for one without an address;
 * Discv4Error `listen-failed`; the signal's reason.
 */
export async function checkNode(node: string, options: CheckOptions): Promise<Checked> {
  checkOptions(node, options);
  const { crypto, clock } = withDefaults(options);
  const { signal = new AbortController().signal, onStep } = options;
  const user = parseUserNode(node, crypto);
  signal.throwIfAborted();
  let cause: unknown;
  const resolveHost = options.resolveHost ?? (async (host) => (await lookup(host)).address);
  const named = await resolveUserNode(user, resolveHost, {
    ...{ clock, signal, attempts: 1 },
    onFailure: (error) => {
      cause = error;
    },
  });
  if (named === undefined) {
    throw new CrawlerError('invalid-option', `${user.host} has no address`, { cause });
  }
  const visiting = await openVisiting(options);
  try {
    const { id, endpoint, enr } = named;
    const at = clock.now();
    const before: NodeRecord = {
      ...{ id, endpoint, origin: 'bootnode', trust: 'signed', status: 'discovered' },
      ...(enr !== undefined && { enr: formatEnr(enr) }),
      ...{ firstSeen: at, visits: 0, failures: 0, dueAt: at },
    };
    const visited = await visit(before, visiting, { signal, onStep });
    const now = clock.now();
    return {
      node: shownNode(recordAfter(before, visited, { wait: 0, failures: 0 }, now)),
      visit: shownVisit(visitOf(id, at, visited, 0)),
    };
  } finally {
    await visiting.discovery.close();
  }
}

/** @throws CrawlerError `invalid-option` */
function checkOptions(node: string, options: CheckOptions): void {
  check.value('node', node, string);
  check.options('checkNode', options, checkRules);
  checkNetwork(options);
}
