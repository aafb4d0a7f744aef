import type { Clock } from '@devp2p/clock';
import type { Log } from './log.ts';

/** Amounts of a phase besides its units, since its start. Their rates are shown. */
export interface ProgressAmounts {
  readonly blocks?: number | undefined;
  /** Gas of executed blocks. */
  readonly gas?: number | undefined;
}

/**
 * Reports the progress of long work: `done` of `total` units of `phase`, such as blocks. It is cheap enough to call for
 * every unit. A phase ends when `done` reaches `total`, which is `Infinity` while unknown.
 */
export type ReportProgress = (phase: string, done: number, total: number, amounts?: ProgressAmounts) => void;

/** Shows progress to a person. */
export interface Progress {
  /** @param unit of the counts, such as `B` for bytes @default the one implied by the phase */
  readonly report: (phase: string, done: number, total: number, amounts?: ProgressAmounts, unit?: string) => void;
  /** Writes a line of something else, above the bar if there is one. */
  write(line: string): void;
  /** Removes the bar. Idempotent. */
  close(): void;
}

/** A stream of a terminal, as `process.stderr` is. */
interface Terminal {
  write(text: string): unknown;
  /** Characters in a line. @default 80 */
  readonly columns?: number;
}

/** @see createProgress */
export interface ProgressOptions {
  clock: Clock;
  /** Where to write. */
  stream: Terminal;
  /** Draws a bar in the last line of the terminal; else {@link log} gets a line now and then. */
  bar: boolean;
  /** Gets a line at the end of each phase and every 5 s before, unless there is a bar. */
  log(): Log;
}

const barInterval = 100;
const lineInterval = 5_000;
/** Milliseconds of the past over which a rate is measured. */
const rateWindow = 10_000;
const barWidth = 24;
const clearLine = '\r\u001b[2K';

/** Makes a display of progress: a bar with rate and time left, or plain lines with the same. */
export function createProgress({ clock, stream, bar, log }: ProgressOptions): Progress {
  const phases = new Map<string, Phase>();
  let drawn = '';
  let lastShown = clock.monotonic();

  const draw = (): void => {
    const text = [...phases.values()].map((phase) => phase.bar()).join('  ');
    drawn = text.slice(0, (stream.columns || 80) - 1);
    stream.write(clearLine + drawn);
  };
  return {
    report(name: string, done: number, total: number, amounts: ProgressAmounts = {}, unit = ''): void {
      const now = clock.monotonic();
      const phase = phases.get(name) ?? createPhase(name, unit, { at: now, done, ...amounts });
      phases.set(name, phase);
      phase.update({ at: now, done, ...amounts }, total);
      const over = done >= total;
      if (over) phases.delete(name);
      if (!over && now - lastShown < (bar ? barInterval : lineInterval)) return;
      lastShown = now;
      if (bar) draw();
      else log().info(phase.fields(), name);
    },
    write(line: string): void {
      stream.write(drawn === '' ? line : clearLine + line + drawn);
    },
    close(): void {
      if (drawn !== '') stream.write(clearLine);
      drawn = '';
      phases.clear();
    },
  };
}

/** The amounts of a phase at a time, in ms. */
interface Sample extends ProgressAmounts {
  readonly at: number;
  readonly done: number;
}

interface Phase {
  update(now: Sample, total: number): void;
  bar(): string;
  fields(): Record<string, string | number>;
}

function createPhase(name: string, unit: string, first: Sample): Phase {
  let samples = [first];
  let { done } = first;
  let total = 0;
  /** Per second; `undefined` before any time has passed, and for an amount that is not reported. */
  const rate = (amount: 'done' | 'blocks' | 'gas'): number | undefined => {
    const [from, to] = [samples[0], samples.at(-1)];
    const [before, after] = [from?.[amount], to?.[amount]];
    if (from === undefined || to === undefined || before === undefined || after === undefined) return undefined;
    return to.at === from.at ? undefined : ((after - before) / (to.at - from.at)) * 1_000;
  };
  /** Unknown values are left out: a zero would mean a standstill. */
  const rates = (): { rate?: string; blocks?: string; gas?: string; left?: string } => {
    const [perSecond, blocks, gas] = [rate('done'), rate('blocks'), rate('gas')];
    return {
      ...(perSecond !== undefined && { rate: `${short(perSecond)}${unit}/s` }),
      ...(blocks !== undefined && { blocks: `${short(blocks)} blocks/s` }),
      ...(gas !== undefined && { gas: `${short(gas / 1e6)} Mgas/s` }),
      ...(done < total &&
        total < Number.POSITIVE_INFINITY &&
        perSecond && { left: duration((total - done) / perSecond) }),
    };
  };
  return {
    update(sample, nowTotal): void {
      const now = sample.at;
      ({ done } = sample);
      total = nowTotal;
      // One sample in a hundredth of the window bounds their number.
      const before = samples.at(-1);
      // After a pause the rate is measured again, since a pause does not predict the remaining time.
      if (before !== undefined && now - before.at > rateWindow) samples = [];
      const last = samples.at(-2);
      if (last !== undefined && now - last.at < rateWindow / 100) samples.pop();
      samples.push(sample);
      const recent = samples.findIndex(({ at }) => now - at <= rateWindow);
      if (recent > 1) samples = samples.slice(recent - 1);
    },
    bar(): string {
      const { rate, blocks, gas, left } = rates();
      if (total === Number.POSITIVE_INFINITY) {
        return [name, `${short(done)}${unit}`, rate, blocks, gas].filter(Boolean).join(' ');
      }
      const part = total > 0 ? Math.min(1, done / total) : 0;
      const full = Math.round(part * barWidth);
      const picture = '█'.repeat(full) + '░'.repeat(barWidth - full);
      const share = `${Math.floor(part * 100)} %`;
      const parts = [name, picture, share, `${short(done)}/${short(total)}${unit}`, rate, blocks, gas];
      return [...parts, left && `${left} left`].filter(Boolean).join(' ');
    },
    fields: () => ({
      done,
      ...(total < Number.POSITIVE_INFINITY && { total }),
      ...(unit !== '' && { unit }),
      ...rates(),
    }),
  };
}

/** `0.5`, `42`, `1200`, `34.5k`, `1.2M` */
function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)}k`;
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : String(Math.round(value));
}

/** Formats seconds: `42s`, `3m10s`, `2h05m`. */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const pad = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3_600)}h${pad(Math.floor((whole % 3_600) / 60))}m`;
}
