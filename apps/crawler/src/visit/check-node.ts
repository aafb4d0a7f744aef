import { lookup } from 'node:dns/promises';
import { abortSignal, func, type Rules, string } from '@devp2p/options';
import { parseUserNode, type ResolveHost, resolveUserNode } from '../discovery/user-node.ts';
import { check } from '../model/check-options.ts';
import { CrawlerError } from '../model/error.ts';
import { inspectableNode, inspectableVisit } from '../model/inspectable-records.ts';
import type { NodeRecord, NodeStatus, Visit } from '../model/node-record.ts';
import { type LocatedNode, newNodeRecord } from '../model/reported-node.ts';
import { applyResult, visitRecord } from './apply-result.ts';
import { openVisitContext } from './context.ts';
import { checkNetwork, type VisitSettings, visitRules, withDefaults } from './options.ts';
import { visit } from './visit.ts';

/** Options of {@link checkNode}. */
export interface CheckOptions extends VisitSettings {
  /** Ends the check with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each step as it is reached, and its duration in milliseconds. */
  readonly onStep?: ((step: NodeStatus, ms: number) => void) | undefined;
  /** Finds the IP address of a host name. @default the system's resolver */
  readonly resolveHost?: ResolveHost | undefined;
}

/** Result of {@link checkNode}. */
export interface CheckResult {
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
 * @param node `enode://` (host names allowed) or `enr:`
 * @throws EnodeError, EnrError for an invalid node; CrawlerError `invalid-option` for one without an address;
 *   Discv4Error `listen-failed`; the signal's reason
 */
export async function checkNode(node: string, options: CheckOptions): Promise<CheckResult> {
  checkOptions(node, options);
  const { clock } = withDefaults(options);
  const { signal = new AbortController().signal, onStep } = options;
  const located = await locate(node, options, signal);
  const context = await openVisitContext(options);
  try {
    const record = newNodeRecord(located, 'bootnode', clock.now());
    const result = await visit(record, context, { signal, onStep });
    const updated = applyResult(record, result, { wait: 0, failures: 0 }, clock.now());
    return {
      node: inspectableNode(updated),
      visit: inspectableVisit(visitRecord(record.id, result)),
    };
  } finally {
    await context.discovery.close();
  }
}

async function locate(node: string, options: CheckOptions, signal: AbortSignal): Promise<LocatedNode> {
  const { crypto, clock } = withDefaults(options);
  const userNode = parseUserNode(node, crypto);
  signal.throwIfAborted();
  let cause: unknown;
  const located = await resolveUserNode(userNode, {
    resolveHost: options.resolveHost ?? (async (host) => (await lookup(host)).address),
    clock,
    signal,
    maxAttempts: 1,
    onFailure: (error) => {
      cause = error;
    },
  });
  if (located !== undefined) return located;
  const { host } = userNode;
  const message = `host name ${host} has no address`;
  throw new CrawlerError('invalid-option', message, { cause, data: { host } });
}

/** @throws CrawlerError `invalid-option` */
function checkOptions(node: string, options: CheckOptions): void {
  check.value('node', node, string);
  check.options('checkNode', options, checkRules);
  checkNetwork(options);
}
