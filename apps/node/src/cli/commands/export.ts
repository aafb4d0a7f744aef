import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '@devp2p/appkit/cli';
import { isStandardError, isStandardOutput } from '@devp2p/appkit/files';
import { systemClock } from '@devp2p/clock';
import { exportFile } from '../../chain/files/export-file.ts';
import { NodeError } from '../../errors/node-error.ts';
import type { CommandContext } from '../context.ts';
import { rate } from '../rate.ts';
import { openSelectedChain } from './open-chain.ts';

/** `devp2p-node export FILE`: writes blocks of the chain to a file. */
export async function exportChain(context: CommandContext): Promise<void> {
  const { file, settings, progress, print, signal } = context;
  const { first, last: wanted, receipts } = settings;
  if (wanted !== undefined && wanted < first) {
    throw new UsageError(`--last ${wanted} comes before --first ${first}`);
  }
  // A new datadir would have no blocks to export.
  if (!existsSync(join(settings.datadir, 'chain'))) {
    const path = resolve(settings.datadir);
    throw new NodeError('datadir-unusable', `no chain in ${path}: set --datadir to a directory that has one`);
  }
  if (isStandardError(file)) {
    throw new UsageError(
      `${file === '-' ? 'standard output' : file} and standard error are the same file: send standard error elsewhere, such as 2>export.log`,
    );
  }
  // Checked before writing, which replaces the file.
  const say = isStandardOutput(file) ? (line: string) => progress.write(`${line}\n`) : print;
  const chain = await openSelectedChain(context);
  const start = systemClock.monotonic();
  try {
    const last = wanted ?? chain.head.number;
    const count = await exportFile(chain, file, {
      first,
      last,
      content: receipts ? 'receipts' : 'blocks',
      signal,
      onProgress: (number) => progress.report('export', number - first + 1, last - first + 1),
    });
    const duration = systemClock.monotonic() - start;
    const time = `seconds=${(duration / 1_000).toFixed(3)}${rate('blocks', count, duration)}`;
    say(`exported blocks=${count} first=${first} last=${last} ${time}`);
  } finally {
    progress.close();
    await chain.close();
  }
}
