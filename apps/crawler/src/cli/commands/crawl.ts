import { systemClock, timeoutSignal } from '@devp2p/clock';
import { fastCrypto } from '@devp2p/crypto/fast';
import { type Crawler, createCrawler } from '../../crawl/crawler.ts';
import { networks } from '../../model/networks.ts';
import { serveMetrics } from '../../observability/metrics.ts';
import {
  type Datadir,
  hasCrawl,
  openDatadir,
  openNodeKey,
  readNodeKey,
} from '../../store/datadir.ts';
import { openLevelStore } from '../../store/level/level-store.ts';
import { chainFilter } from '../flags/chain.ts';
import type { CrawlSettings } from '../flags/flags.ts';
import { UsageError } from '../flags/usage-error.ts';
import { errorText } from '../terminal/error-text.ts';
import { showProgress } from '../terminal/progress.ts';
import { summary } from '../terminal/summary.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { version } from '../version.ts';
import type { CommandContext } from './context.ts';

/**
 * `devp2p-crawler crawl`: until a signal comes, the time is over, or with `--once` all were visited.
 *
 * @returns whether it came to the end that it was meant to have
 */
export async function crawl(settings: CrawlSettings, context: CommandContext): Promise<boolean> {
  const { terminal, print, signal } = context;
  // Before the datadir is made, which is of no use if one of them is wrong.
  const begin = whereToBegin(settings);
  if (begin === undefined && !hasCrawl(settings.datadir)) throw nowhere();
  const ownKey =
    settings.nodekey === undefined ? undefined : readNodeKey(settings.nodekey, fastCrypto);
  const datadir = openDatadir(settings.datadir, false);
  const store = await openLevelStore(datadir.database, {
    visitsKept: settings.keep,
    onCorrupt: (error) => terminal.say(`left out: ${error.message}`),
  });
  // Not `AbortSignal.timeout`, for which 25 days are too long.
  const end = timeoutSignal(systemClock, settings.timeout ?? Number.POSITIVE_INFINITY);
  try {
    if (begin === undefined && (await store.nextDue()) === undefined) throw nowhere();
    const crawler = await createCrawler({
      ...{ store, once: settings.once },
      ...(begin ?? { bootnodes: [], dnsLists: [] }),
      privateKey: ownKey ?? openNodeKey(datadir, fastCrypto),
      clientId: clientId(),
      network: chainFilter(settings),
      host: settings.addr,
      port: settings.port,
      successInterval: settings.interval,
      dialsPerSecond: settings.rate,
      packetsPerSecond: settings['rate.packets'],
      onTrouble: sayNowAndThen(terminal),
    });
    sayStart(crawler, datadir, terminal);
    const progress = await run(crawler, settings, {
      ...context,
      signal: AbortSignal.any([signal, end.signal]),
    });
    await print(summary(progress));
    return !settings.once || !signal.aborted;
  } finally {
    end.cancel();
    await store.close();
  }
}

/** `undefined` when neither the settings nor their network say where. */
function whereToBegin(
  settings: CrawlSettings,
): { bootnodes: readonly string[]; dnsLists: readonly string[] } | undefined {
  const network = settings.network && networks[settings.network];
  const bootnodes = settings.bootnodes ?? network?.bootnodes ?? [];
  const dnsLists = settings.dns ?? network?.dnsLists ?? [];
  return bootnodes.length + dnsLists.length === 0 ? undefined : { bootnodes, dnsLists };
}

function nowhere(): UsageError {
  return new UsageError('nowhere to begin: give --bootnodes, --dns or --network');
}

function sayStart({ progress }: Crawler, { path }: Datadir, terminal: Terminal): void {
  const { discovered } = progress.rollup.funnel;
  terminal.say(
    discovered > 0 ? `going on in ${path} with ${discovered} nodes` : `beginning in ${path}`,
  );
}

async function run(
  crawler: Crawler,
  settings: CrawlSettings,
  { terminal, signal }: CommandContext,
): ReturnType<Crawler['run']> {
  const progress = () => crawler.progress;
  const { metrics, 'metrics.addr': host, 'metrics.port': port, timeout } = settings;
  try {
    const server = metrics ? await serveMetrics({ host, port, progress }) : undefined;
    if (server) terminal.say(`metrics on ${server.url}`);
    const stop = showProgress({ progress, terminal, clock: systemClock, timeout });
    try {
      return await crawler.run({ signal });
    } finally {
      stop();
      await server?.close();
    }
  } finally {
    await crawler.close();
  }
}

/** ms for which trouble of one kind is not told again. */
const quietTime = 60_000;

function sayNowAndThen(terminal: Terminal): (what: string, error: unknown) => void {
  const told = new Map<string, number>();
  return (what, error) => {
    const now = systemClock.monotonic();
    if (now - (told.get(what) ?? Number.NEGATIVE_INFINITY) < quietTime) return;
    told.set(what, now);
    terminal.say(`${what}: ${errorText(error)}`);
  };
}

function clientId(): string {
  const platform = `${process.platform}-${process.arch}`;
  return ['devp2p-crawler', `v${version}`, platform, `node-${process.version}`].join('/');
}
