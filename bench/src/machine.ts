import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Cores of the measured processes and of their clients. */
export interface Cores {
  readonly measured: number;
  /** A different core if there is one. */
  readonly clients: number;
}

/**
 * Finds the cores to use. Returns `undefined` if processes cannot be pinned to a core, which requires Linux and util-
 * linux.
 */
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

/** Returns the prefix of a command that pins the process and its threads to one core. */
export function pinTo(core: number | undefined): string[] {
  return core === undefined ? [] : ['taskset', '-c', `${core}`];
}

export function describeMachine(): string {
  return `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores`;
}
