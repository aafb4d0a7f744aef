import { createWriteStream } from 'node:fs';
import { realpath, rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPipe, tryStat } from '@devp2p/appkit/files';
import { CrawlerError } from '../../model/error.ts';

/**
 * Writes text to a path. A file, also through a symbolic link, is written completely or not at all. A pipe or device is
 * written directly.
 *
 * @throws CrawlerError `output-unusable`; errors of `chunks`
 */
export async function writeOutput(path: string, chunks: AsyncIterable<string>, signal: AbortSignal): Promise<void> {
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
