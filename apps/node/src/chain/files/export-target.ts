import { constants, createWriteStream, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { realpath, rename, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isatty } from 'node:tty';
import { createGzip } from 'node:zlib';
import { sleep, systemClock } from '@devp2p/clock';
import { ChainError } from '../../errors/chain-error.ts';
import { isDescriptor } from './chain-file.ts';

/** Time between two looks for a reader of a pipe, in ms. */
const readerInterval = 100;

/** Whether a path is standard output: `-`, `/dev/stdout` or another name of what it is connected to. */
export function isStandardOutput(path: string): boolean {
  const there = look(path);
  return path === '-' || (there !== undefined && isDescriptor(there, 1));
}

/** Whether a path leads to where the messages of standard error go, other than nowhere. */
export function isStandardError(path: string): boolean {
  const there = look(path);
  if (there === undefined || !isDescriptor(there, 2)) return false;
  return !there.isCharacterDevice() || isatty(2);
}

/**
 * Writes bytes to a path, gzipped when it ends in `.gz`. A file appears when it is complete, and replaces one of that
 * name, or the one that a link of that name leads to. What is not a file (a pipe, a device, standard output as `-`) is
 * written to as it is.
 *
 * @throws ChainError `file`; what `items` throws
 */
export async function writeTarget(
  path: string,
  items: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const write = (target: Writable): Promise<void> =>
    path.endsWith('.gz')
      ? pipeline(items, createGzip(), target, { signal })
      : pipeline(items, target, { signal });
  const name = path === '-' ? 'standard output' : path;
  try {
    signal?.throwIfAborted();
    if (isStandardOutput(path)) return await write(standardOutput());
    const there = look(path);
    if (there?.isDirectory()) {
      throw new ChainError('file', `${name} cannot be written: it is a directory`);
    }
    if (there?.isFIFO()) return await write(await openPipe(path, signal));
    if (there !== undefined && !there.isFile()) {
      return await write(createWriteStream(path, { flags: 'a' }));
    }
    const place = there === undefined ? path : await realpath(path);
    const unfinished = `${place}.unfinished`;
    try {
      await write(createWriteStream(unfinished));
      await rename(unfinished, place);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw new ChainError('file', `${name} cannot be written: ${error.message}`, { cause: error });
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

/** Standard output as a stream that ends when all of it was written: the process's own never ends. */
function standardOutput(): Writable {
  return new Writable({
    write: (chunk, _, done) => void process.stdout.write(chunk, done),
  });
}

/** Opens a pipe when there is a reader, without a thread that waits for one: with it, the process could not exit. */
async function openPipe(path: string, signal: AbortSignal | undefined): Promise<Writable> {
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
