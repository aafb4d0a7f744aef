import { UsageError } from '@devp2p/appkit/cli';
import { isStandardError, isStandardOutput } from '@devp2p/appkit/files';
import { exportNodes } from '../../export/export.ts';
import { openDatadir } from '../../store/datadir.ts';
import { openLevelStore } from '../../store/level/level-store.ts';
import type { ExportSettings } from '../flags/flags.ts';
import { writeOutput } from '../terminal/output.ts';
import type { CommandContext } from './context.ts';

/**
 * `devp2p-crawler export`: writes the nodes of a crawl to a file or to standard output.
 *
 * @returns whether all records could be read
 */
export async function exportCrawl(
  { datadir, format, status, output: path = '-' }: ExportSettings,
  { terminal, print, signal }: CommandContext,
): Promise<boolean> {
  const { database } = openDatadir(datadir, true);
  if (isStandardError(path)) {
    const name = path === '-' ? 'standard output' : path;
    throw new UsageError(`${name} and standard error are the same file: redirect standard error, such as 2>export.log`);
  }
  const output = isStandardOutput(path) ? undefined : path;
  let damaged = 0;
  const store = await openLevelStore(database, {
    onCorrupt(error) {
      damaged++;
      terminal.writeLine(`skipped: ${error.message}`);
    },
  });
  const counts = { nodes: 0, withoutRecord: 0 };
  try {
    const chunks = exportNodes(store.nodes(), { format, status }, counts);
    if (output !== undefined) await writeOutput(output, chunks, signal);
    else {
      for await (const chunk of chunks) {
        signal.throwIfAborted();
        await print(chunk);
      }
    }
  } finally {
    await store.close();
  }
  const { nodes, withoutRecord } = counts;
  if (output !== undefined) terminal.writeLine(`${nodes} nodes written to ${output}`);
  if (withoutRecord > 0) {
    terminal.writeLine(`skipped: ${withoutRecord} nodes without a record, which ${format} needs`);
  }
  return damaged === 0;
}
