import { constants, createWriteStream, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { realpath, rename, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isatty } from 'node:tty';
import { sleep, systemClock } from '@devp2p/clock';
import { CrawlerError } from '../../model/error.ts';

/** Milliseconds between two attempts to open a pipe without a reader. */
const readerInterval = 100;

/** Whether a path is standard output: `-`, `/dev/stdout` or another name of the same file. */
export function isStandardOutput(path: string): boolean {
  const stats = tryStat(path);
  return path === '-' || (stats !== undefined && isDescriptor(stats, 1));
}

/** Whether a path is the same file as standard error, and not a terminal or another character device. */
export function isStandardError(path: string): boolean {
  const stats = tryStat(path);
  return stats !== undefined && isDescriptor(stats, 2) && !stats.isCharacterDevice() && !isatty(2);
}

/**
 * Writes text to a path. A file, also through a symbolic link, is written completely or not at all. A pipe or device is
 * written directly.
 *
 * @throws CrawlerError `output-unusable`; errors of `chunks`
 */
export async function writeOutput(
  path: string,
  chunks: AsyncIterable<string>,
  signal: AbortSignal,
): Promise<void> {
  const stats = tryStat(path);
  const target = stats?.isFile() ? await realpath(path) : path;
  const temporary = `${target}.${process.pid}.part`;
  const write = (writable: Writable): Promise<void> => pipeline(chunks, writable, { signal });
  try {
    if (stats?.isFIFO()) return await write(await openPipe(path, signal));
    if (stats && !stats.isFile()) return await write(createWriteStream(path, { flags: 'a' }));
    await write(createWriteStream(temporary, { flags: 'wx' }));
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (signal.aborted || error instanceof CrawlerError || code === undefined) throw error;
    throw new CrawlerError('output-unusable', `${path} cannot be written (${code})`, {
      cause: error,
      data: { path },
    });
  }
}

function tryStat(path: string): Stats | undefined {
  try {
    return path === '-' ? fstatSync(1) : statSync(path);
  } catch {
    // Opening the path reports the error.
    return undefined;
  }
}

function isDescriptor({ dev, ino }: Stats, descriptor: number): boolean {
  try {
    const other = fstatSync(descriptor);
    return other.dev === dev && other.ino === ino;
  } catch {
    // The parent process has closed it.
    return false;
  }
}

/** Opens a pipe once it has a reader. It polls, since a thread that waits in `open` would keep the process from exiting. */
async function openPipe(path: string, signal: AbortSignal): Promise<Writable> {
  for (;;) {
    try {
      const descriptor = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      return new Socket({ fd: descriptor, readable: false, writable: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
      await sleep(systemClock, readerInterval, { signal });
    }
  }
}
