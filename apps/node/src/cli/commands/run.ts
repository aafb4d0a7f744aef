import { toHex } from '@devp2p/bytes';
import { systemClock } from '@devp2p/clock';
import { SyncError } from '../../errors/sync-error.ts';
import { createNode } from '../../node/node.ts';
import { stateText } from '../../observability/node-state.ts';
import { expectProgress } from '../../observability/state-log.ts';
import type { SyncResult } from '../../sync/sync.ts';
import { stateAdvice, withAdvice } from '../advice.ts';
import type { CommandContext } from '../context.ts';
import { rate } from '../rate.ts';
import { aborted, failure, failureOf } from './ends.ts';
import { nodeSettings } from './node-settings.ts';
import { chainChoice } from './open-chain.ts';

/**
 * `devp2p-node run`: runs a node until a signal, a failure of its sync, or, with `--sync.exit`, the end of the sync.
 */
export async function run(context: CommandContext): Promise<void> {
  const { settings, logs, progress, print, signal } = context;
  const node = await createNode({
    datadir: settings.datadir,
    ...chainChoice(settings),
    ...nodeSettings(settings),
    logs,
    report: progress.report,
    signal,
  }).catch((error: unknown) => {
    // Everything is closed in order, as after a later signal.
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  });
  if (node === undefined) return;
  let failed = false;
  const seconds = settings['sync.timeout'];
  const progressed = settings['sync.exit']
    ? expectProgress(() => node.state(), {
        idleTime: () => node.sync.idleTime,
        clock: systemClock,
        limit: seconds * 1_000,
        fail: (state) => {
          const text = withAdvice(stateText(state), stateAdvice(state));
          return new SyncError('no-progress', `no progress for ${seconds} s: ${text}`);
        },
      })
    : undefined;
  try {
    print(`enode=${node.enode}`);
    if (progressed !== undefined) {
      logs('node').info({ seconds }, 'ends once synced, or without progress after --sync.timeout');
    }
    node.on('synced', (result) => print(syncedLine(result)));
    const ends: Promise<unknown>[] = [aborted(signal), failure(node.sync.done), failureOf(node.chain.failed)];
    if (progressed !== undefined) {
      ends.push(new Promise((resolve) => node.once('synced', resolve)), progressed.failed);
    }
    await Promise.race(ends);
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    progressed?.close();
    progress.close();
    await node.close().catch((error: unknown) => {
      // The error that ended the node goes first; a failed close often has the same cause.
      if (!failed) throw error;
      logs('node').error({ error }, 'failed to close');
    });
  }
}

function syncedLine({ number, hash, headers, blocks, headersTime, blocksTime }: SyncResult): string {
  const seconds = ((headersTime + blocksTime) / 1_000).toFixed(3);
  const rates = rate('headers', headers, headersTime) + rate('bodies', blocks, blocksTime);
  const work = headers + blocks > 0 ? ` seconds=${seconds}${rates}` : '';
  return `synced number=${number} hash=0x${toHex(hash)}${work}`;
}
