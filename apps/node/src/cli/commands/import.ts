import { toHex } from '@devp2p/bytes';
import { systemClock } from '@devp2p/clock';
import { fastCrypto } from '@devp2p/crypto/fast';
import { openChainFile } from '../../chain/files/chain-file.ts';
import { importFile } from '../../chain/files/import-file.ts';
import type { ProgressAmounts } from '../../logging/progress.ts';
import { warnOfMissingReceipts } from '../../node/open-chain.ts';
import type { CommandContext } from '../context.ts';
import { rate } from '../rate.ts';
import { isExecuted, openSelectedChain } from './open-chain.ts';

/** `devp2p-node import FILE`: adds the blocks of a file to the chain. */
export async function importChain(context: CommandContext): Promise<void> {
  const { file, settings, logs, progress, print, signal } = context;
  // Opened first, so that no datadir is created without a readable file.
  const input = await openChainFile(file);
  const chain = await openSelectedChain(context, {
    execution: isExecuted(settings) ? { stateHistory: settings['state.history'] } : undefined,
    onCatchUp: ({ first, done, last, gas }) => progress.report('execution', done - first, last - first, { gas }),
  }).catch((error: unknown) => {
    input.close();
    throw error;
  });
  // Ends the execution of the last batch.
  signal.addEventListener('abort', () => void chain.close().catch(() => {}), { once: true });
  const start = systemClock.monotonic();
  // The file is at its end before its last blocks are stored.
  const total = Math.max(1, input.size ?? Number.POSITIVE_INFINITY);
  let executed: ProgressAmounts = {};
  const report = (bytes: number): void => progress.report('import', Math.min(bytes, total - 1), total, executed, 'B');
  try {
    await chain.caughtUp;
    report(0);
    const { added, known, receipts, bytes } = await importFile(chain, input, {
      crypto: fastCrypto,
      signal,
      onProgress({ bytes, added, gas }) {
        if (chain.isExecuting) executed = { blocks: added, gas };
        report(bytes);
      },
    });
    progress.report('import', bytes, bytes, executed, 'B');
    const duration = systemClock.monotonic() - start;
    const { number, hash } = chain.head;
    const counts = `blocks=${added} known=${known} receipts=${receipts}`;
    const time = `seconds=${(duration / 1_000).toFixed(3)}`;
    const rates = rate('blocks', added, duration) + rate('receipts', receipts, duration);
    print(`imported number=${number} hash=0x${toHex(hash)} ${counts} ${time}${rates}`);
    warnOfMissingReceipts(chain, logs('chain'));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    progress.close();
    await chain.close();
  }
}
