import { createWriteStream } from 'node:fs';
import { realpath, rename, rm } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { isStandardOutput, openPipe, tryStat } from '@devp2p/appkit/files';
import { ChainError } from '../../errors/chain-error.ts';

/**
 * Writes bytes to a path, compressed with gzip when it ends in `.gz`. A file is created when it is complete, and replaces
 * an existing file or the target of a link. A pipe, a device and standard output (`-`) are written to directly.
 *
 * @throws ChainError `file`, and errors of `items`
 */
export async function writeTarget(
  path: string,
  items: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const write = (target: Writable): Promise<void> =>
    path.endsWith('.gz') ? pipeline(items, createGzip(), target, { signal }) : pipeline(items, target, { signal });
  const name = path === '-' ? 'standard output' : path;
  try {
    signal?.throwIfAborted();
    if (isStandardOutput(path)) return await write(standardOutput());
    const there = tryStat(path);
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

/** Standard output as a stream that ends when everything is written, unlike `process.stdout`. */
function standardOutput(): Writable {
  return new Writable({
    write: (chunk, _, done) => void process.stdout.write(chunk, done),
  });
}
