import { createRandom, seedOf } from './random.ts';
import { anything, type Input, mutate, type Target } from './target.ts';

/** Results of the inputs of a target. */
export interface Outcome {
  readonly inputs: number;
  /** Inputs that were decoded; the others were refused with one of the target's errors. */
  readonly decoded: number;
  /** Resident memory of the process in bytes, before the first input and at its highest. */
  readonly rss: { readonly start: number; readonly highest: number };
}

/** Number of decoded contents that are mutated, besides those of the target. */
const maxGrown = 64;
/** Longest content to keep, in bytes: repeated mutation would make contents grow without limit. */
const maxLength = 4_096;
/** Seconds of processor time for one input of some kilobytes. */
const maxSeconds = 1;
/** Bytes by which memory may grow, garbage included. */
const maxGrowth = 512e6;

/**
 * Runs a decoder on inputs; it must decode each or refuse it with an error of its own.
 *
 * @throws Error with seed and input
 */
export async function fuzz(target: Target, inputs: number, seed: number): Promise<Outcome> {
  for (const content of target.corpus) await expectDecodes(target, content);
  const grown: Input[] = [...target.corpus];
  const start = process.memoryUsage.rss();
  let highest = start;
  let decoded = 0;
  const random = createRandom(seedOf(seed, target.name));
  for (let index = 0; index < inputs; index++) {
    const content = random.oneIn(16) ? anything(target, random) : mutate(target, grown, random);
    const sealed = target.seal?.(content as never, random) ?? content;
    const isLeftOpen = typeof sealed === typeof content && random.oneIn(8);
    const input = isLeftOpen ? content : sealed;
    try {
      if (await tryInput(target, input)) {
        decoded++;
        if (content.length <= maxLength && random.oneIn(64)) {
          const place = target.corpus.length + random.below(maxGrown);
          grown[Math.min(place, grown.length)] = content;
        }
      }
    } catch (error) {
      throw new Error(`${target.name}: seed ${seed}, input ${index}: ${(error as Error).message}\n${show(input)}`, {
        cause: error,
      });
    }
    if (index % 4_096 === 0) {
      highest = Math.max(highest, process.memoryUsage.rss());
      // Microtasks alone would block timers and I/O.
      await new Promise(setImmediate);
    }
  }
  highest = Math.max(highest, process.memoryUsage.rss());
  if (highest - start > maxGrowth) {
    throw new Error(`${target.name}: memory grew from ${start} to ${highest} bytes`);
  }
  return { inputs, decoded, rss: { start, highest } };
}

/** Whether an input was decoded. @throws Error when it was treated wrongly */
async function tryInput(target: Target, input: Input): Promise<boolean> {
  const started = performance.now();
  const value = await attempt(target, input);
  // Reading the clock is cheap, and its time is at least the processor time.
  if (performance.now() - started > 1_000 * maxSeconds) await expectQuick(target, input);
  if (value === undefined) return false;
  expectReadsBack(target, value.decoded, input, await roundTrip(target, value.decoded));
  return true;
}

async function attempt(target: Target, input: Input): Promise<{ decoded: unknown } | undefined> {
  try {
    const result = target.decode(input as never);
    return { decoded: result instanceof Promise ? await result : result };
  } catch (error) {
    if (target.errors.some((known) => error instanceof known)) return undefined;
    throw error;
  }
}

async function expectQuick(target: Target, input: Input): Promise<void> {
  const before = process.cpuUsage();
  await attempt(target, input);
  const { user } = process.cpuUsage(before);
  if (user > 1e6 * maxSeconds) throw new Error(`took ${user / 1e6} s`);
}

interface RoundTrip {
  readonly once: Input | undefined;
  readonly twice: Input | undefined;
}

async function roundTrip(target: Target, value: unknown): Promise<RoundTrip | undefined> {
  const once = target.encode?.(value);
  if (once === undefined) return undefined;
  const again = target.decode(once as never);
  return { once, twice: target.encode?.(again instanceof Promise ? await again : again) };
}

function expectReadsBack(
  { isCanonical, check }: Target,
  value: unknown,
  input: Input,
  trip: RoundTrip | undefined,
): void {
  check?.(value, input);
  if (trip === undefined) return;
  if (isCanonical && !isSame(trip.once, input)) {
    throw new Error(`encodes to other bytes after decoding\n${show(trip.once)}`);
  }
  if (!isSame(trip.once, trip.twice)) {
    throw new Error(`differs after encoding and decoding\n${show(trip.once)}`);
  }
}

async function expectDecodes(target: Target, content: Input): Promise<void> {
  // A seal may be random; it is not here.
  const random = { ...createRandom(1), oneIn: () => false };
  const input = target.seal?.(content as never, random) ?? content;
  if (await tryInput(target, input)) return;
  throw new Error(`${target.name}: a valid input is refused\n${show(input)}`);
}

function isSame(a: Input | undefined, b: Input | undefined): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}

function show(input: Input | undefined): string {
  if (input === undefined) return '-';
  return typeof input === 'string' ? JSON.stringify(input) : Buffer.from(input).toString('hex');
}
