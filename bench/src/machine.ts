import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Where what is measured runs, and what asks it. */
export interface Cores {
  readonly measured: number;
  /** Another one where there is one. */
  readonly clients: number;
}

/** @returns `undefined` where processes cannot be kept on a core: it takes Linux and util-linux. */
export function findCores(): Cores | undefined {
  if (process.platform !== 'linux' || spawnSync('taskset', ['-V']).status !== 0) return undefined;
  const status = readFileSync('/proc/self/status', 'utf8');
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0';
  const cores = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const measured = cores.at(-1) ?? 0;
  return { measured, clients: cores[0] ?? measured };
}

/** Put in front of a command, it keeps the process and its threads on one core. */
export function pinTo(core: number | undefined): string[] {
  return core === undefined ? [] : ['taskset', '-c', `${core}`];
}

export function describeMachine(): string {
  return `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores`;
}
