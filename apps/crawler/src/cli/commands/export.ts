import { exportNodes } from '../../export/export.ts';
import { openDatadir } from '../../store/datadir.ts';
import { openLevelStore } from '../../store/level/level-store.ts';
import type { ExportSettings } from '../flags/flags.ts';
import { UsageError } from '../flags/usage-error.ts';
import { isStandardError, isStandardOutput, writeOutput } from '../terminal/output.ts';
import type { CommandContext } from './context.ts';

/**
 * `devp2p-crawler export`: writes the nodes of a crawl to a file or to standard output.
 *
 * @returns whether all of them could be read
 */
export async function exportCrawl(
  { datadir, format, status, output: path = '-' }: ExportSettings,
  { terminal, print, signal }: CommandContext,
): Promise<boolean> {
  const { database } = openDatadir(datadir, true);
  if (isStandardError(path)) {
    throw new UsageError(
      `${path === '-' ? 'standard output' : path} and standard error are the same file: send standard error elsewhere, such as 2>export.log`,
    );
  }
  const output = isStandardOutput(path) ? undefined : path;
  let damaged = 0;
  const store = await openLevelStore(database, {
    onCorrupt(error) {
      damaged++;
      terminal.say(`left out: ${error.message}`);
    },
  });
  const counts = { nodes: 0, withoutRecord: 0 };
  try {
    const pieces = exportNodes(store.nodes(), { format, status }, counts);
    if (output !== undefined) await writeOutput(output, pieces, signal);
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
