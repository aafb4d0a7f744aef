import { systemClock, timeoutSignal } from '@devp2p/clock';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { type ExportEntry, exportEntry } from '../../model/export-entry.ts';
import { hasReached, type NodeStatus, statuses } from '../../model/node-record.ts';
import { readNodeKey } from '../../store/datadir.ts';
import { type Checked, checkNode } from '../../visit/check-node.ts';
import { chainFilter, chainText as requestedChain } from '../flags/chain.ts';
import type { ChainSettings, CheckSettings } from '../flags/flags.ts';
import { duration } from '../terminal/progress.ts';
import type { CommandContext } from './context.ts';

type Meanings = Readonly<
  Record<Exclude<NodeStatus, 'discovered'>, { readonly yes: string; readonly no: string }>
>;

/** What each step says of a node that reached it, and of one that did not. */
const meaningsFor = (settings: ChainSettings): Meanings => ({
  bonded: { yes: 'answers to discovery', no: 'no answer to discovery' },
  tcp: { yes: 'accepts TCP connections', no: 'no TCP connection' },
  authenticated: { yes: 'has proved its key', no: 'RLPx handshake failed' },
  hello: { yes: 'sent Hello', no: 'no Hello' },
  status: { yes: 'sent Status', no: 'no Status' },
  chain: chainMeaning(settings),
  synced: { yes: 'head is at most a minute old', no: 'head is older than a minute, or not known' },
});

function chainMeaning(settings: ChainSettings): Meanings['chain'] {
  const name = settings.network ?? 'the requested chain';
  const isAsked = requestedChain(settings) !== undefined;
  return {
    yes: isAsked ? `on ${name}` : 'no chain was requested, see --network',
    no: `not on ${name}`,
  };
}

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
  const meanings = meaningsFor(settings);
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
        if (!json)
          written = written.then(() =>
            print(
              stepLine(
                step,
                `${ms.toFixed(1)} ms`,
                step === 'discovered' ? '' : meanings[step].yes,
              ),
            ),
          );
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
  const error = checked ? entry?.error : `not done after ${duration(timeout)}`;
  if (json) {
    const node = entry ?? null;
    await print(
      `${JSON.stringify({ reachable: isReachable, steps, error: error ?? null, node })}\n`,
    );
  } else {
    await print(report({ steps, entry, error: error ?? undefined, isReachable, settings }));
  }
  return isReachable;
}

function stepLine(step: NodeStatus, result: string, meaning: string): string {
  return `  ${step.padEnd(14)} ${result.padStart(9)}   ${meaning}\n`;
}

/** Lines of the steps that were not reached. Each needs the one before, but for discovery, which none needs. */
function missingLines(
  missing: readonly Exclude<NodeStatus, 'discovered'>[],
  meanings: Meanings,
): string[] {
  const failed = missing.find((step) => step !== 'bonded');
  return missing.map((step) => {
    const isTried = step === 'bonded' || step === failed;
    return stepLine(step, 'no', isTried ? meanings[step].no : 'not reached');
  });
}

interface Report {
  readonly steps: readonly Step[];
  readonly entry: ExportEntry | undefined;
  readonly error: string | undefined;
  readonly isReachable: boolean;
  readonly settings: ChainSettings;
}

function report({ steps, entry, error, isReachable, settings }: Report): string {
  const all = statuses.filter((step) => step !== 'discovered');
  const missing = all.filter((step) => !steps.some((reached) => reached.step === step));
  // Its Status was read, and is of another chain.
  const isElsewhere =
    entry?.eth != null && !missing.includes('status') && missing.includes('chain');
  const facts = [
    ['client', entry?.clientId],
    ['capabilities', entry?.capabilities?.join(' ')],
    ['chain', entry?.eth && chainText(entry.eth)],
    ['requested', isElsewhere ? requestedChain(settings) : undefined],
    ['record', entry?.enr],
    ['disconnect', entry?.disconnect],
    ['error', error],
  ] as const;
  return [
    ...missingLines(missing, meaningsFor(settings)),
    ...facts.flatMap(([name, fact]) => (fact ? [`${name}: ${fact}\n`] : [])),
    `${verdict(missing, isReachable)}${isElsewhere ? `; it is ${chainMeaning(settings).no}` : ''}\n`,
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
