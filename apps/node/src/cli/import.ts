import { systemClock } from '@devp2p/clock';
import { fastCrypto } from '@devp2p/crypto/fast';
import { toHex } from '@devp2p/enr';
import { importFile } from '../chain/import-file.ts';
import type { CommandContext } from './context.ts';
import { openSettledChain } from './open-chain.ts';
import { rate } from './rate.ts';

/** `devp2p-node import FILE`: adds the blocks of a file to the chain. */
export async function importChain(context: CommandContext): Promise<void> {
  const { file, progress, print, signal } = context;
  const chain = await openSettledChain(context);
  const start = systemClock.monotonic();
  // The file has been read to its end a little before the last of it is in the chain.
  const report = (bytes: number, size: number): void =>
    progress.report('import', Math.min(bytes, size - 1), size, 'B');
  report(0, 1);
  try {
    const { added, known, receipts, size } = await importFile(chain, file, {
      crypto: fastCrypto,
      signal,
      onProgress: ({ bytes, size }) => report(bytes, size),
    });
    progress.report('import', size, size, 'B');
    const duration = systemClock.monotonic() - start;
    const { number, hash } = chain.head;
    const counts = `blocks=${added} known=${known} receipts=${receipts}`;
    const time = `seconds=${(duration / 1_000).toFixed(3)}`;
    const rates = rate('blocks', added, duration) + rate('receipts', receipts, duration);
    print(`imported number=${number} hash=0x${toHex(hash)} ${counts} ${time}${rates}`);
  } finally {
    progress.close();
    await chain.close();
  }
}
