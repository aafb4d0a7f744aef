import { type NodeStatus, statuses } from '@devp2p/crawler';
import type { GoPrograms } from '../go.ts';
import { type Cores, pinTo } from '../machine.ts';
import { type Crawl, type CrawlOutput, gethCrawl, ourCrawl } from './crawlers.ts';
import { type ReferenceNetwork, startReferenceNetwork } from './reference-network.ts';

/** A network that our crawler and go-ethereum's crawl one after the other. */
export interface CrawlCase {
  readonly name: string;
  readonly title: string;
  readonly nodes: number;
  readonly mixed: boolean;
}

export const crawlCases: readonly CrawlCase[] = [
  { name: 'crawl-clean', title: '1,000 honest nodes', nodes: 1000, mixed: false },
  {
    name: 'crawl-mixed',
    title: '1,000 nodes, some offline, slow, dishonest, full or on another chain',
    nodes: 1000,
    mixed: true,
  },
];

/** Comparison of a crawl with the network. */
export interface CrawlResult {
  readonly crawler: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Nodes that respond. */
  readonly live: number;
  /** Responding nodes that were found. */
  readonly found: number;
  /** Responding nodes with all possible steps done. */
  readonly complete: number;
  /** Seconds from the start until `crawlGoal.share` of the responding nodes were complete. */
  readonly secondsToGoal: number | undefined;
  /** Nodes reported with more steps than possible. */
  readonly wrong: number;
}

/** Goal of our crawler: share of live nodes with all steps done, and nodes per second. */
export const crawlGoal = { share: 0.99, perSecond: 100 };

export async function runCrawl(
  { nodes, mixed }: CrawlCase,
  go: GoPrograms | undefined,
  cores: Cores | undefined,
): Promise<CrawlResult[]> {
  const crawlers: [string, Crawl][] = [['@devp2p/crawler', ourCrawl]];
  if (go) crawlers.push(['devp2p discv4 crawl, UDP only', gethCrawl(go.devp2p())]);
  const reference = await startReferenceNetwork({ nodes, mixed, pin: pinTo(cores?.clients) });
  try {
    const results: CrawlResult[] = [];
    for (const [crawler, crawl] of crawlers) {
      results.push(assess(crawler, await crawl(reference, pinTo(cores?.measured)), reference));
    }
    return results;
  } finally {
    reference.stop();
  }
}

function assess(crawler: string, { found, ...spent }: CrawlOutput, { reaches }: ReferenceNetwork): CrawlResult {
  const rank = (step: NodeStatus | undefined) => statuses.indexOf(step ?? 'discovered');
  const live = [...reaches].filter(([, step]) => rank(step) > 0);
  const complete = live.flatMap(([id, step]) => {
    const node = found.get(id);
    return node?.step === step ? [node.after ?? Number.POSITIVE_INFINITY] : [];
  });
  complete.sort((a, b) => a - b);
  return {
    crawler,
    ...spent,
    live: live.length,
    found: live.filter(([id]) => found.has(id)).length,
    complete: complete.length,
    secondsToGoal: complete[Math.ceil(crawlGoal.share * live.length) - 1],
    wrong: [...found].filter(([id, { step }]) => rank(step) > rank(reaches.get(id))).length,
  };
}
