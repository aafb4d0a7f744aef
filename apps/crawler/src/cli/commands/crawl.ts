import { clientId } from '@devp2p/appkit';
import { UsageError } from '@devp2p/appkit/cli';
import { systemClock, timeoutSignal } from '@devp2p/clock';
import { fastCrypto } from '@devp2p/crypto/fast';
import { type Crawler, createCrawler } from '../../crawl/crawler.ts';
import type { Progress } from '../../crawl/progress.ts';
import { networks } from '../../model/networks.ts';
import { serveMetrics } from '../../observability/metrics.ts';
import { type Datadir, hasCrawl, openDatadir, openNodeKey, readNodeKey } from '../../store/datadir.ts';
import { openLevelStore } from '../../store/level/level-store.ts';
import type { CrawlStore } from '../../store/store.ts';
import { chainFilter } from '../flags/chain.ts';
import type { CrawlSettings } from '../flags/flags.ts';
import { errorText } from '../terminal/error-text.ts';
import { showProgress } from '../terminal/progress.ts';
import { summary } from '../terminal/summary.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { version } from '../version.ts';
import type { CommandContext } from './context.ts';

/**
 * `devp2p-crawler crawl`: crawls until a signal or the timeout, or with `--once` until all nodes were visited.
 *
 * @returns whether the crawl is complete
 */
export async function crawl(settings: CrawlSettings, context: CommandContext): Promise<boolean> {
  const { terminal, print, signal } = context;
  // Settings are checked before the datadir is created.
  const seeds = seedsOf(settings);
  if (seeds === undefined && !hasCrawl(settings.datadir)) throw noSeeds();
  const { nodekey } = settings;
  const nodeKey = nodekey === undefined ? undefined : readNodeKey(nodekey, fastCrypto);
  const datadir = openDatadir(settings.datadir, false);
  const store = await openLevelStore(datadir.database, {
    visitsKept: settings.keep,
    onCorrupt: (error) => terminal.writeLine(`skipped: ${error.message}`),
  });
  // `AbortSignal.timeout` cannot wait longer than 25 days.
  const timeout = timeoutSignal(systemClock, settings.timeout ?? Number.POSITIVE_INFINITY);
  try {
    if (seeds === undefined && (await store.nextDue()) === undefined) throw noSeeds();
    const privateKey = nodeKey ?? openNodeKey(datadir, fastCrypto);
    const crawler = await openCrawler({ settings, store, seeds, privateKey, terminal });
    terminal.writeLine(startLine(crawler, datadir));
    const ended = AbortSignal.any([signal, timeout.signal]);
    const progress = await runCrawler(crawler, settings, terminal, ended);
    await print(summary(progress));
    return !settings.once || !signal.aborted;
  } finally {
    timeout.cancel();
    await store.close();
  }
}

/** Nodes and lists from which a crawl starts. */
interface SeedSettings {
  readonly bootnodes: readonly string[];
  readonly dnsLists: readonly string[];
}

/** Returns the seeds in the settings, or those of the network; `undefined` without any. */
function seedsOf(settings: CrawlSettings): SeedSettings | undefined {
  const network = settings.network && networks[settings.network];
  const bootnodes = settings.bootnodes ?? network?.bootnodes ?? [];
  const dnsLists = settings.dns ?? network?.dnsLists ?? [];
  return bootnodes.length + dnsLists.length === 0 ? undefined : { bootnodes, dnsLists };
}

function noSeeds(): UsageError {
  return new UsageError('no nodes to start from: give --bootnodes, --dns or --network');
}

function openCrawler({
  settings,
  store,
  seeds,
  privateKey,
  terminal,
}: {
  readonly settings: CrawlSettings;
  readonly store: CrawlStore;
  readonly seeds: SeedSettings | undefined;
  readonly privateKey: Uint8Array;
  readonly terminal: Terminal;
}): Promise<Crawler> {
  return createCrawler({
    ...seeds,
    store,
    once: settings.once,
    privateKey,
    clientId: clientId('devp2p-crawler', version),
    network: chainFilter(settings),
    host: settings.addr,
    port: settings.port,
    successInterval: settings.interval,
    dialsPerSecond: settings.rate,
    packetsPerSecond: settings['rate.packets'],
    onWarning: throttledWarnings(terminal),
  });
}

function startLine({ progress }: Crawler, { path }: Datadir): string {
  const { discovered } = progress.rollup.funnel;
  return discovered > 0 ? `resuming crawl in ${path} with ${discovered} nodes` : `starting crawl in ${path}`;
}

/** Runs a crawler with its progress display and metrics server. */
async function runCrawler(
  crawler: Crawler,
  settings: CrawlSettings,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Progress> {
  const progress = () => crawler.progress;
  const { metrics, 'metrics.addr': host, 'metrics.port': port, timeout } = settings;
  try {
    const server = metrics ? await serveMetrics({ host, port, progress }) : undefined;
    if (server) terminal.writeLine(`serving metrics on ${server.url}`);
    const stopProgress = showProgress({ progress, terminal, clock: systemClock, timeout });
    try {
      return await crawler.run({ signal });
    } finally {
      stopProgress();
      await server?.close();
    }
  } finally {
    await crawler.close();
  }
}

/** Milliseconds for which repetitions of a warning are suppressed. */
const warningInterval = 60_000;

/** Returns a function that writes each kind of warning at most once per interval. */
function throttledWarnings(terminal: Terminal): (message: string, error: unknown) => void {
  const written = new Map<string, number>();
  return (message, error) => {
    const now = systemClock.monotonic();
    if (now - (written.get(message) ?? Number.NEGATIVE_INFINITY) < warningInterval) return;
    written.set(message, now);
    terminal.writeLine(`${message}: ${errorText(error)}`);
  };
}
