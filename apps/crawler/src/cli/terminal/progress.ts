import type { Clock } from '@devp2p/clock';
import type { Progress } from '../../crawl/progress.ts';
import { statuses } from '../../model/node-record.ts';
import type { Terminal } from './terminal.ts';

/** @see showProgress */
export interface ProgressOptions {
  readonly progress: () => Progress;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Milliseconds after which the crawl ends. */
  readonly timeout?: number | undefined;
}

const liveInterval = 250;
const lineInterval = 5_000;
/** Milliseconds over which the rate is measured. */
const rateWindow = 10_000;

/**
 * Shows the progress of a crawl until the returned function is called: rate, funnel and remaining time, as the status
 * line of a terminal or as a line every 5 s.
 */
export function showProgress({ progress, terminal, clock, timeout }: ProgressOptions): () => void {
  const interval = terminal.isLive ? liveInterval : lineInterval;
  let samples = [{ at: clock.monotonic(), visits: progress().visits }];
  const tick = (): void => {
    timer = clock.setTimeout(tick, interval);
    const now = progress();
    const at = clock.monotonic();
    samples = samples.filter((sample) => at - sample.at <= rateWindow);
    const [first = { at, visits: now.visits }] = samples;
    const rate = at > first.at ? ((now.visits - first.visits) / (at - first.at)) * 1_000 : 0;
    samples.push({ at, visits: now.visits });
    const line = progressLine(now, rate, timeout);
    if (terminal.isLive) terminal.setStatus(line);
    else terminal.writeLine(line);
  };
  let timer = clock.setTimeout(tick, interval);
  return () => {
    timer.cancel();
    terminal.clearStatus();
  };
}

/** @param rate in visits per second */
function progressLine(progress: Progress, rate: number, timeout?: number): string {
  const { funnel, gossiped } = progress.rollup;
  const counts = statuses.slice(1).flatMap((step) => {
    return funnel[step] > 0 ? [`${step} ${short(funnel[step])}`] : [];
  });
  return [
    `${duration(progress.elapsed)}`,
    `${short(progress.visits)} visits, ${short(rate)}/s`,
    timeLeft(progress, rate),
    ...(timeout === undefined ? [] : [`timeout in ${duration(Math.max(0, timeout - progress.elapsed))}`]),
    [`known ${short(funnel.discovered)} (gossiped ${short(gossiped)})`, ...counts].join(' › '),
  ].join('  ');
}

/** Returns the number of unvisited nodes, and the time to visit them at this rate. */
function timeLeft({ unvisited }: Progress, rate: number): string {
  const left = unvisited > 0 && rate > 0 ? `, ${duration((unvisited / rate) * 1_000)} left` : '';
  return `${short(unvisited)} unvisited${left}`;
}

/** `0.5`, `42`, `1200`, `34.5k`, `1.2M` */
function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)}k`;
  return value > 0 && value < 9.95 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value));
}

/** Formats milliseconds: `42s`, `3m10s`, `2h05m`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3_600)}h${two((seconds % 3_600) / 60)}m`;
}
