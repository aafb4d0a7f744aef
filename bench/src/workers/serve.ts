import { createInterface } from 'node:readline';

/** Tells that a slice has lasted long enough. */
export type Over = () => boolean;

/** Works until it is over, and returns how much was done and found right. */
export type Slice = (over: Over) => number | Promise<number>;

/** Makes what a case needs, once. */
export type Case = () => Slice | Promise<Slice>;

export type Cases = Readonly<Record<string, Case>>;

/**
 * The worker's side of the protocol: `ready CASE…` at first, then for each line `run CASE MILLISECONDS` either
 * `done COUNT CPU-MICROSECONDS` or `failed WHY`. Ends with its input.
 */
export async function serve(cases: Cases, cpuTime: () => number = ownCpuTime): Promise<void> {
  const ready = new Map<string, Slice>();
  say('ready', ...Object.keys(cases));
  for await (const line of createInterface(process.stdin)) {
    const [, name = '', milliseconds = ''] = line.split(' ');
    try {
      const slice = ready.get(name) ?? (await find(cases, name)());
      ready.set(name, slice);
      const before = cpuTime();
      const end = performance.now() + Number(milliseconds);
      const count = await slice(() => performance.now() >= end);
      say('done', `${count}`, `${Math.round(cpuTime() - before)}`);
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      say('failed', why.replaceAll('\n', ' '));
    }
  }
  // Open listeners and connections are no reason to stay.
  process.exit();
}

function find(cases: Cases, name: string): Case {
  const found = cases[name];
  if (found === undefined) throw new Error(`no case ${name}`);
  return found;
}

/** Of the whole process, collecting garbage included, in µs. */
function ownCpuTime(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function say(...words: string[]): void {
  process.stdout.write(`${words.join(' ')}\n`);
}
