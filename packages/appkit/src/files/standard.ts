import { fstatSync, type Stats, statSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Whether a path is standard output: `-`, `/dev/stdout` or another name of the same file. */
export function isStandardOutput(path: string): boolean {
  const stats = tryStat(path);
  return path === '-' || (stats !== undefined && isDescriptor(stats, 1));
}

/** Whether a path is the same file as standard error, and not a device that discards it. */
export function isStandardError(path: string): boolean {
  const stats = tryStat(path);
  if (stats === undefined || !isDescriptor(stats, 2)) return false;
  return !stats.isCharacterDevice() || isatty(2);
}

/** Returns the status of a path, with `-` for standard output; `undefined` if it cannot be read. */
export function tryStat(path: string): Stats | undefined {
  try {
    return path === '-' ? fstatSync(1) : statSync(path);
  } catch {
    // Opening the path reports the error.
    return undefined;
  }
}

/** Whether a file is open under a descriptor of the process. */
export function isDescriptor({ dev, ino }: Stats, descriptor: number): boolean {
  try {
    const other = fstatSync(descriptor);
    return other.dev === dev && other.ino === ino;
  } catch {
    // The parent process has closed it.
    return false;
  }
}
