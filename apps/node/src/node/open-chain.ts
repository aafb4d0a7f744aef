import { join } from 'node:path';
import type { NetworkName } from '@devp2p/appkit/networks';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import type { StateEvent } from '../chain/catch-up.ts';
import { type LocalChain, openChain } from '../chain/chain.ts';
import type { IndexSettings } from '../chain/indexes.ts';
import type { CatchUp } from '../chain/interfaces.ts';
import type { RequiredBlocks } from '../chain/required-blocks.ts';
import type { Genesis } from '../config/genesis/genesis.ts';
import { readGenesisFile } from '../config/genesis/genesis-file.ts';
import { readNetworkAccounts } from '../config/genesis/network-accounts.ts';
import { networkGenesis } from '../config/genesis/networks.ts';
import { BlockError, ChainError } from '../errors/chain-error.ts';
import { NodeError } from '../errors/node-error.ts';
import { type ExecutorOptions, executorOf } from '../execution/open-executor.ts';
import type { Log, Logs } from '../logging/log.ts';

/** Time between two log lines about running work, in milliseconds. */
const reportInterval = 10_000;

/** The chain to follow: a genesis file or a public network. */
export type ChainChoice =
  /** Path of the chain's genesis.json, in go-ethereum's format. */
  | { genesis: string; network?: undefined }
  /** A public network. */
  | { network: NetworkName; genesis?: undefined };

/**
 * Reads the genesis block and the rules of the chosen chain.
 *
 * @param isExecuted whether the accounts of the genesis are needed
 * @throws NodeError `genesis-unreadable`; ChainError `invalid-genesis`, `file`
 */
export async function readGenesis(choice: ChainChoice, crypto: Crypto, isExecuted = false): Promise<Genesis> {
  const { genesis, network } = choice;
  if (network === undefined) return readGenesisFile(genesis, crypto);
  const known = networkGenesis(network, crypto);
  return isExecuted ? { ...known, accounts: await readNetworkAccounts(network) } : known;
}

/** How the blocks of a node are executed. */
export interface ExecutionChoice {
  /**
   * Whether blocks are executed. A public network is executed from its genesis on.
   *
   * @default with a `genesis`, and not with a `network`, whose state cannot be downloaded yet
   */
  execution?: boolean | undefined;
  /** Blocks that the state can go back without executing any. @default 128 */
  stateHistory?: number | undefined;
  /** Whether blocks are executed in threads of their own, for which system clock and `fastCrypto` apply. @default true */
  executionThreads?: boolean | undefined;
}

/** @see openNodeChain */
export interface NodeChainOptions extends IndexSettings {
  /** An absolute path. */
  readonly datadir: string;
  readonly genesis: Genesis;
  readonly networkId?: bigint | undefined;
  readonly requiredBlocks?: RequiredBlocks | undefined;
  readonly sideBlockDepth?: number | undefined;
  /** @default blocks are not executed */
  readonly execution?: Pick<ExecutionChoice, 'stateHistory' | 'executionThreads'> | undefined;
  readonly onCatchUp?: ((progress: CatchUp) => void) | undefined;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly logs: Logs;
  /** Ends the opening while the database is migrated or checked. @default not ended */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the chain of a data directory and locks it against other processes.
 *
 * @throws NodeError `datadir-in-use`; ChainError, StateError, ExecutionError; the reason of the signal
 */
export async function openNodeChain(options: NodeChainOptions): Promise<LocalChain> {
  const { datadir, logs, execution, ...settings } = options;
  const log = logs('chain');
  try {
    const chain = await openChain({
      ...settings,
      location: join(datadir, 'chain'),
      openExecutor: execution && executorOf(executorOptions(options, execution, log)),
      onState: (event) => log.warn({}, stateText(event)),
      onCorrupt: (error) => log.error({ error }, 'a peer requested a damaged record'),
      onIndexFailure: (error) => log.error({ error }, 'the indexes of transactions and logs cannot be completed'),
      onCheck: throttleReports(settings.clock, (checked, last) =>
        log.info({ checked, last }, 'checking stored blocks against the fork schedule'),
      ),
      onMigrate: throttleReports(settings.clock, (done, total) =>
        log.info({ done, total }, 'migrating the chain database to the current format'),
      ),
    });
    const { genesisHash: genesis, head } = chain;
    log.info({ datadir, genesis, head: head.number, executes: chain.isExecuting }, 'chain opened');
    chain.caughtUp.catch((error: unknown) => {
      if (error instanceof BlockError) log.error({ error, head: chain.head.number }, 'a stored block is invalid');
    });
    return chain;
  } catch (error) {
    if (!(error instanceof ChainError) || error.code !== 'in-use') throw error;
    throw new NodeError('datadir-in-use', `datadir ${datadir} is in use by another process`, {
      cause: error,
      data: { datadir },
    });
  }
}

function executorOptions(
  { datadir, genesis, crypto, clock }: NodeChainOptions,
  { stateHistory, executionThreads }: Pick<ExecutionChoice, 'stateHistory' | 'executionThreads'>,
  log: Log,
): ExecutorOptions {
  return {
    location: join(datadir, 'state'),
    genesis,
    historyDepth: stateHistory,
    threads: executionThreads,
    crypto,
    clock,
    onRestart: ({ reason, attempt, maxAttempts }) =>
      log.error({ error: reason, attempt, maxAttempts }, 'the execution has ended and is started again'),
    onNotice: (text) => log.warn({}, text),
  };
}

const places: Readonly<Record<StateEvent['place'], string>> = {
  canonical: '',
  'side-branch': ', which is not canonical',
  unknown: ', which the chain does not have',
};

/** One line about a state that is not that of the head. */
function stateText({ state, place, from, to }: StateEvent): string {
  const position = `the state is that of block ${state.number}${places[place]}, and the head is block ${to.number}`;
  if (from.number === to.number) return `${position}: the state goes back to it`;
  const back =
    from.number === state.number && place === 'canonical' ? '' : `the state goes back to block ${from.number}, and `;
  const first = from.number + 1;
  return `${position}: ${back}${first === to.number ? `block ${first} is` : `blocks ${first} to ${to.number} are`} executed`;
}

/** Ranges that a warning names. */
const maxNamed = 3;

/** Logs a warning about stored blocks without receipts, which peers cannot download. */
export function warnOfMissingReceipts({ withoutReceipts: ranges }: LocalChain, log: Log): void {
  if (ranges.length === 0) return;
  const blocks = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const named = ranges
    .slice(0, maxNamed)
    .map(({ first, last }) => (first === last ? String(first) : `${first} to ${last}`));
  const more = ranges.length > maxNamed ? ' and others' : '';
  const [noun, verb, object] = blocks === 1 ? ['block', 'has', 'it'] : ['blocks', 'have', 'them'];
  log.warn(
    { code: 'receipts-not-stored', blocks },
    `${noun} ${named.join(', ')}${more} ${verb} no receipts, so peers cannot download ${object}`,
  );
}

/** Forwards the first call, and then one in {@link reportInterval}. */
function throttleReports(
  clock: Clock,
  report: (done: number, total: number) => void,
): (done: number, total: number) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (done, total) => {
    const now = clock.monotonic();
    if (now - last < reportInterval) return;
    last = now;
    report(done, total);
  };
}
