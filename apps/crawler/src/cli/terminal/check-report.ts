import type { ExportEntry } from '../../model/export-entry.ts';
import { type NodeStatus, statuses, type VisitStep } from '../../model/node-record.ts';
import { requestedChain } from '../flags/chain.ts';
import type { ChainSettings } from '../flags/flags.ts';

type ReportedStep = Exclude<NodeStatus, 'discovered'>;

/** Texts of a step that was reached, and of one that was not. */
interface StepTexts {
  readonly reached: string;
  readonly missed: string;
}

const texts: Readonly<Record<Exclude<ReportedStep, 'chain'>, StepTexts>> = {
  bonded: { reached: 'answers discovery', missed: 'no answer to discovery' },
  tcp: { reached: 'accepts TCP connections', missed: 'no TCP connection' },
  authenticated: { reached: 'proved its key', missed: 'RLPx handshake failed' },
  hello: { reached: 'sent Hello', missed: 'no Hello' },
  status: { reached: 'sent Status', missed: 'no Status' },
  synced: {
    reached: 'head is at most a minute old',
    missed: 'head is older than a minute or unknown',
  },
};

function stepTexts(step: ReportedStep, settings: ChainSettings): StepTexts {
  if (step !== 'chain') return texts[step];
  const name = settings.network ?? 'the requested chain';
  const isRequested = requestedChain(settings) !== undefined;
  return {
    reached: isRequested ? `on ${name}` : 'no chain was requested, see --network',
    missed: `not on ${name}`,
  };
}

/** Returns the line of a step that was reached. */
export function reachedLine({ step, ms }: VisitStep, settings: ChainSettings): string {
  const text = step === 'discovered' ? '' : stepTexts(step, settings).reached;
  return stepLine(step, `${ms.toFixed(1)} ms`, text);
}

/** Input of {@link checkReport}. */
export interface CheckReport {
  readonly steps: readonly VisitStep[];
  readonly entry: ExportEntry | undefined;
  readonly error: string | undefined;
  readonly isReachable: boolean;
  readonly settings: ChainSettings;
}

/** Returns the lines after the reached steps: missed steps, data of the node, and the verdict. */
export function checkReport({ steps, entry, error, isReachable, settings }: CheckReport): string {
  const all = statuses.filter((step) => step !== 'discovered');
  const missed = all.filter((step) => !steps.some((reached) => reached.step === step));
  const isOnOtherChain = entry?.eth != null && !missed.includes('status') && missed.includes('chain');
  const facts = [
    ['client', entry?.clientId],
    ['capabilities', entry?.capabilities?.join(' ')],
    ['chain', entry?.eth && chainText(entry.eth)],
    ['requested', isOnOtherChain ? requestedChain(settings) : undefined],
    ['record', entry?.enr],
    ['disconnect', entry?.disconnect],
    ['error', error],
  ] as const;
  const suffix = isOnOtherChain ? `; it is ${stepTexts('chain', settings).missed}` : '';
  return [
    ...missedLines(missed, settings),
    ...facts.flatMap(([name, fact]) => (fact ? [`${name}: ${fact}\n`] : [])),
    `${verdict(missed, isReachable)}${suffix}\n`,
  ].join('');
}

/** Each step depends on the one before it, except that TCP does not depend on discovery. */
function missedLines(missed: readonly ReportedStep[], settings: ChainSettings): string[] {
  const failed = missed.find((step) => step !== 'bonded');
  return missed.map((step) => {
    const wasTried = step === 'bonded' || step === failed;
    return stepLine(step, 'no', wasTried ? stepTexts(step, settings).missed : 'not reached');
  });
}

function stepLine(step: NodeStatus, result: string, text: string): string {
  return `  ${step.padEnd(14)} ${result.padStart(9)}   ${text}\n`;
}

function verdict(missed: readonly NodeStatus[], isReachable: boolean): string {
  const answersDiscovery = !missed.includes('bonded');
  if (isReachable) {
    return answersDiscovery ? 'reachable' : 'reachable, but no answer to discovery: peers will not find it';
  }
  return answersDiscovery ? 'not reachable: it answers discovery, but peers cannot connect' : 'not reachable';
}

function chainText(eth: NonNullable<ExportEntry['eth']>): string {
  const { networkId, genesis, forkId, latest, headTime } = eth;
  const head = latest === null ? '' : `, head ${latest}${headTime ? ` at ${headTime}` : ''}`;
  return `network ${networkId}, genesis ${genesis}, fork ${forkId.hash}/${forkId.next}${head}`;
}
