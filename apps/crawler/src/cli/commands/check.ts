import { systemClock, timeoutSignal } from '@devp2p/clock';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { exportEntry } from '../../model/export-entry.ts';
import { hasReached, type VisitStep } from '../../model/node-record.ts';
import { readNodeKey } from '../../store/datadir.ts';
import { type CheckResult, checkNode } from '../../visit/check-node.ts';
import { chainFilter } from '../flags/chain.ts';
import type { CheckSettings } from '../flags/flags.ts';
import { checkReport, reachedLine } from '../terminal/check-report.ts';
import { duration } from '../terminal/progress.ts';
import type { CommandContext } from './context.ts';

/**
 * `devp2p-crawler check`: visits one node and prints every step.
 *
 * @returns whether the node is reachable: whether it proved its key in the RLPx handshake
 */
export async function check(text: string, settings: CheckSettings, context: CommandContext): Promise<boolean> {
  const { print } = context;
  const { json, timeout } = settings;
  const steps: VisitStep[] = [];
  let printed = json ? Promise.resolve() : print(`${text}\n`);
  const result = await runCheck(text, settings, context, (step) => {
    steps.push(step);
    if (!json) printed = printed.then(() => print(reachedLine(step, settings)));
  });
  await printed;
  const entry = result && exportEntry(result.node);
  const error = result ? entry?.error : `timeout after ${duration(timeout)}`;
  const isReachable = steps.some(({ step }) => hasReached(step, 'authenticated'));
  if (json) {
    const report = { reachable: isReachable, steps, error: error ?? null, node: entry ?? null };
    await print(`${JSON.stringify(report)}\n`);
  } else {
    await print(checkReport({ steps, entry, error: error ?? undefined, isReachable, settings }));
  }
  return isReachable;
}

/** Resolves to `undefined` after the timeout. */
async function runCheck(
  text: string,
  { timeout, nodekey, addr, port, ...chain }: CheckSettings,
  { signal }: CommandContext,
  onStep: (step: VisitStep) => void,
): Promise<CheckResult | undefined> {
  const end = timeoutSignal(systemClock, timeout);
  try {
    return await checkNode(text, {
      privateKey: nodekey ? readNodeKey(nodekey, fastCrypto) : generatePrivateKey(),
      network: chainFilter(chain),
      host: addr,
      port,
      signal: AbortSignal.any([signal, end.signal]),
      onStep: (step, ms) => onStep({ step, ms: Math.round(ms * 1_000) / 1_000 }),
    });
  } catch (error) {
    if (!end.signal.aborted || signal.aborted) throw error;
    return undefined;
  } finally {
    end.cancel();
  }
}
