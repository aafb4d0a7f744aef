import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { openDatadir } from '../datadir.ts';
import { CrawlerError } from '../error.ts';
import { exportNodes } from '../export/export.ts';
import { openLevelStore } from '../level-store/level-store.ts';
import type { CommandContext } from './context.ts';
import type { ExportSettings } from './flags.ts';

/**
 * `devp2p-crawler export`: writes the nodes of a crawl to a file or to standard output.
 *
 * @returns whether all of them could be read
 */
export async function exportCrawl(
  { datadir, format, status, output }: ExportSettings,
  { terminal, print, signal }: CommandContext,
): Promise<boolean> {
  let damaged = 0;
  const store = await openLevelStore(openDatadir(datadir, true).database, {
    onCorrupt(error) {
      damaged++;
      terminal.say(`left out: ${error.message}`);
    },
  });
  const counts = { nodes: 0, withoutRecord: 0 };
  try {
    const pieces = exportNodes(store.nodes(), { format, status }, counts);
    if (output !== undefined) await writeFile(output, pieces, signal);
    else {
      for await (const piece of pieces) {
        signal.throwIfAborted();
        await print(piece);
      }
    }
  } finally {
    await store.close();
  }
  const { nodes, withoutRecord } = counts;
  if (output !== undefined) terminal.say(`${nodes} nodes written to ${output}`);
  if (withoutRecord > 0) {
    terminal.say(
      `left out: ${withoutRecord} nodes whose record is not known, which ${format} needs`,
    );
  }
  return damaged === 0;
}

/** Whole or not at all, through links; but what is no file, such as a pipe or a device, is written to as it is. */
async function writeFile(
  path: string,
  pieces: AsyncIterable<string>,
  signal: AbortSignal,
): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  const place = there?.isFile() ? await realpath(path) : path;
  const aside = `${place}.${process.pid}.part`;
  try {
    if (there && !there.isFile()) {
      return await pipeline(pieces, createWriteStream(path, { flags: 'a' }), { signal });
    }
    await pipeline(pieces, createWriteStream(aside, { flags: 'wx' }), { signal });
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
