import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Put in front of a command, it keeps the process and its threads on one core. */
export interface Pin {
  readonly command: readonly string[];
  readonly core: number | undefined;
}

/** The cores this process may use; the last one is for those that are measured. */
export function allowedCores(): number[] {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '0';
    return list.split(',').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
  } catch {
    return [];
  }
}

export function pinTo(core: number | undefined): Pin {
  if (core === undefined || spawnSync('taskset', ['-V']).status !== 0) {
    return { command: [], core: undefined };
  }
  return { command: ['taskset', '-c', `${core}`], core };
}

export function describeMachine(): string {
  return `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores`;
}
