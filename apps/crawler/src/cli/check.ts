import { systemClock, timeoutSignal } from '@devp2p/clock';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { type Checked, checkNode } from '../check.ts';
import { readNodeKey } from '../datadir.ts';
import { type ExportEntry, exportEntry } from '../export/entry.ts';
import { hasReached, type NodeStatus, statuses } from '../node-record.ts';
import { chainFilter } from './chain.ts';
import type { CommandContext } from './context.ts';
import type { CheckSettings } from './flags.ts';
import { duration } from './progress.ts';

/** What each step says of a node. */
const meanings: Readonly<Record<Exclude<NodeStatus, 'discovered'>, string>> = {
  bonded: 'answers to discovery',
  tcp: 'takes connections',
  authenticated: 'has the key that it is known by',
  hello: 'says who it is',
  status: 'says which chain it is on',
  chain: 'is on the chain that is asked for, if one is',
  synced: 'has a head of this minute',
};

interface Step {
  readonly step: NodeStatus;
  readonly ms: number;
}

/**
 * `devp2p-crawler check`: visits one node and shows every step.
 *
 * @returns whether the node can be reached: whether it is there and has the key that it is known by
 */
export async function check(
  text: string,
  settings: CheckSettings,
  { print, signal }: CommandContext,
): Promise<boolean> {
  const { json, timeout, nodekey } = settings;
  const steps: Step[] = [];
  const end = timeoutSignal(systemClock, timeout);
  let written: Promise<void> = json ? Promise.resolve() : print(`${text}\n`);
  let checked: Checked | undefined;
  try {
    checked = await checkNode(text, {
      privateKey: nodekey ? readNodeKey(nodekey, fastCrypto) : generatePrivateKey(),
      network: chainFilter(settings),
      host: settings.addr,
      port: settings.port,
      signal: AbortSignal.any([signal, end.signal]),
      onStep(step, ms) {
        steps.push({ step, ms: Math.round(ms * 1_000) / 1_000 });
        if (!json) written = written.then(() => print(stepLine(step, `${ms.toFixed(1)} ms`)));
      },
    });
  } catch (error) {
    if (!end.signal.aborted || signal.aborted) throw error;
  } finally {
    end.cancel();
  }
  await written;
  const entry = checked && exportEntry(checked.node);
  const isReachable = steps.some(({ step }) => hasReached(step, 'authenticated'));
  const error = checked ? entry?.error : `no end after ${duration(timeout)}`;
  if (json) {
    const node = entry ?? null;
    await print(
      `${JSON.stringify({ reachable: isReachable, steps, error: error ?? null, node })}\n`,
    );
  } else {
    await print(report(steps, entry, error ?? undefined, isReachable));
  }
  return isReachable;
}

function stepLine(step: NodeStatus, result: string): string {
  const meaning = step === 'discovered' ? '' : meanings[step];
  return `  ${step.padEnd(14)} ${result.padStart(9)}   ${meaning}\n`;
}

function report(
  steps: readonly Step[],
  entry: ExportEntry | undefined,
  error: string | undefined,
  isReachable: boolean,
): string {
  const missing = statuses.filter(
    (step) => step !== 'discovered' && !steps.some((reached) => reached.step === step),
  );
  const facts = [
    ['client', entry?.clientId],
    ['capabilities', entry?.capabilities?.join(' ')],
    ['chain', entry?.eth && chainText(entry.eth)],
    ['record', entry?.enr],
    ['disconnect', entry?.disconnect],
    ['error', error],
  ] as const;
  return [
    ...missing.map((step) => stepLine(step, 'no')),
    ...facts.flatMap(([name, fact]) => (fact ? [`${name}: ${fact}\n`] : [])),
    `${verdict(missing, isReachable)}\n`,
  ].join('');
}

function verdict(missing: readonly NodeStatus[], isReachable: boolean): string {
  if (!isReachable) {
    return missing.includes('bonded')
      ? 'not reachable'
      : 'not reachable: it answers to discovery, but peers cannot connect';
  }
  return missing.includes('bonded')
    ? 'reachable, but it does not answer to discovery: peers will not find it'
    : 'reachable';
}

function chainText(eth: NonNullable<ExportEntry['eth']>): string {
  const { networkId, genesis, forkId, latest, headTime } = eth;
  const head = latest === null ? '' : `, head ${latest}${headTime ? ` of ${headTime}` : ''}`;
  return `network ${networkId}, genesis ${genesis}, fork ${forkId.hash}/${forkId.next}${head}`;
}
