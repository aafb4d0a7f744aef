import { type NodeStatus, statuses } from '@devp2p/crawler';
import type { GoPrograms } from '../go.ts';
import { type Cores, pinTo } from '../machine.ts';
import { type Crawl, type Crawled, gethCrawl, ourCrawl } from './crawlers.ts';
import { startTruth, type Truth } from './truth.ts';

/** A network that is crawled by ours and by go-ethereum's crawler, one after the other. */
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
    title: '1,000 nodes, some dead, slow, lying, full or on another chain',
    nodes: 1000,
    mixed: true,
  },
];

/** How a crawl compares with what is true. */
export interface CrawlResult {
  readonly crawler: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Nodes that answer. */
  readonly live: number;
  /** Those of them that were found. */
  readonly found: number;
  /** Those with which it came as far as one can. */
  readonly complete: number;
  /** Seconds from its start until that was so with `crawlGoal.share` of those that answer. */
  readonly secondsToGoal: number | undefined;
  /** Nodes with which it says to have come further than one can. */
  readonly wrong: number;
}

/** What ours is meant to reach: the share of live nodes with all steps done, and how many of them in a second. */
export const crawlGoal = { share: 0.99, perSecond: 100 };

export async function runCrawl(
  { nodes, mixed }: CrawlCase,
  go: GoPrograms | undefined,
  cores: Cores | undefined,
): Promise<CrawlResult[]> {
  const crawlers: [string, Crawl][] = [['@devp2p/crawler', ourCrawl]];
  if (go) crawlers.push(['devp2p discv4 crawl, UDP only', gethCrawl(go.devp2p())]);
  const truth = await startTruth({ nodes, mixed, pin: pinTo(cores?.clients) });
  try {
    const results: CrawlResult[] = [];
    for (const [crawler, crawl] of crawlers) {
      results.push(assess(crawler, await crawl(truth, pinTo(cores?.measured)), truth));
    }
    return results;
  } finally {
    truth.stop();
  }
}

function assess(crawler: string, { found, ...spent }: Crawled, { reaches }: Truth): CrawlResult {
  const place = (step: NodeStatus | undefined) => statuses.indexOf(step ?? 'discovered');
  const live = [...reaches].filter(([, step]) => place(step) > 0);
  const complete = live.flatMap(([id, step]) => {
    const one = found.get(id);
    return one?.step === step ? [one.after ?? Number.POSITIVE_INFINITY] : [];
  });
  complete.sort((a, b) => a - b);
  return {
    ...{ crawler, ...spent },
    live: live.length,
    found: live.filter(([id]) => found.has(id)).length,
    complete: complete.length,
    secondsToGoal: complete[Math.ceil(crawlGoal.share * live.length) - 1],
    wrong: [...found].filter(([id, { step }]) => place(step) > place(reaches.get(id))).length,
  };
}
