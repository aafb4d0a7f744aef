import { constants, createWriteStream, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { realpath, rename, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isatty } from 'node:tty';
import { sleep, systemClock } from '@devp2p/clock';
import { CrawlerError } from '../../model/error.ts';

/** Time between two looks for a reader of a pipe, in ms. */
const readerInterval = 100;

/** Whether a path is standard output: `-`, `/dev/stdout` or another name of what it is connected to. */
export function isStandardOutput(path: string): boolean {
  const there = look(path);
  return path === '-' || (there !== undefined && isDescriptor(there, 1));
}

/** Whether a path leads to where the messages of standard error go, other than nowhere or to a person. */
export function isStandardError(path: string): boolean {
  const there = look(path);
  return there !== undefined && isDescriptor(there, 2) && !there.isCharacterDevice() && !isatty(2);
}

/**
 * Writes text to a path: to a file whole or not at all, through links; but what is not a file, such as a pipe or a
 * device, is written to as it is.
 *
 * @throws CrawlerError `output-unusable`; what `pieces` throws
 */
export async function writeOutput(
  path: string,
  pieces: AsyncIterable<string>,
  signal: AbortSignal,
): Promise<void> {
  const there = look(path);
  const place = there?.isFile() ? await realpath(path) : path;
  const aside = `${place}.${process.pid}.part`;
  const write = (target: Writable): Promise<void> => pipeline(pieces, target, { signal });
  try {
    if (there?.isFIFO()) return await write(await openPipe(path, signal));
    if (there && !there.isFile()) return await write(createWriteStream(path, { flags: 'a' }));
    await write(createWriteStream(aside, { flags: 'wx' }));
    await rename(aside, place);
  } catch (error) {
    await rm(aside, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (signal.aborted || error instanceof CrawlerError || code === undefined) throw error;
    throw new CrawlerError('output-unusable', `${path} cannot be written (${code})`, {
      cause: error,
    });
  }
}

function look(path: string): Stats | undefined {
  try {
    return path === '-' ? fstatSync(1) : statSync(path);
  } catch {
    // What is wrong with the path, opening it says.
    return undefined;
  }
}

function isDescriptor({ dev, ino }: Stats, descriptor: number): boolean {
  try {
    const other = fstatSync(descriptor);
    return other.dev === dev && other.ino === ino;
  } catch {
    // Closed by who started the process.
    return false;
  }
}

/** Opens a pipe when there is a reader, without a thread that waits for one: with it, the process could not exit. */
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
