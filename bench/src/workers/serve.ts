import { createInterface } from 'node:readline';

/** Returns whether the time of a slice is over. */
export type Over = () => boolean;

/** Works until the time is over, and returns the count of verified results. */
export type Slice = (over: Over) => number | Promise<number>;

/** Prepares a case once. */
export type Case = () => Slice | Promise<Slice>;

export type Cases = Readonly<Record<string, Case>>;

/**
 * Serves the protocol of a worker: `ready CASE…` first, then for each line `run CASE MILLISECONDS` either `done COUNT
 * CPU-MICROSECONDS` or `failed REASON`. Ends with its input.
 */
export async function serve(cases: Cases, cpuTime: () => number = ownCpuTime): Promise<void> {
  const ready = new Map<string, Slice>();
  send('ready', ...Object.keys(cases));
  for await (const line of createInterface(process.stdin)) {
    const [, name = '', milliseconds = ''] = line.split(' ');
    try {
      const slice = ready.get(name) ?? (await find(cases, name)());
      ready.set(name, slice);
      const before = cpuTime();
      const end = performance.now() + Number(milliseconds);
      const count = await slice(() => performance.now() >= end);
      send('done', `${count}`, `${Math.round(cpuTime() - before)}`);
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      send('failed', why.replaceAll('\n', ' '));
    }
  }
  // Open listeners and connections must not keep the process running.
  process.exit();
}

function find(cases: Cases, name: string): Case {
  const found = cases[name];
  if (found === undefined) throw new Error(`unknown case ${name}`);
  return found;
}

/** Returns the CPU time of the whole process, garbage collection included, in µs. */
function ownCpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function send(...words: string[]): void {
  process.stdout.write(`${words.join(' ')}\n`);
}
