import { UsageError } from '@devp2p/appkit/cli';
import { systemClock } from '@devp2p/clock';
import { fastCrypto } from '@devp2p/crypto/fast';
import type { LocalChain } from '../../chain/chain.ts';
import { openDatadir } from '../../config/datadir.ts';
import { type ChainChoice, type NodeChainOptions, openNodeChain, readGenesis } from '../../node/open-chain.ts';
import type { CommandContext } from '../context.ts';
import type { Settings } from '../flags/flags.ts';

/** Opens the chain that the settings select. */
export async function openSelectedChain(
  { settings, logs, signal }: CommandContext,
  options: Pick<NodeChainOptions, 'execution' | 'onCatchUp'> = {},
): Promise<LocalChain> {
  const crypto = fastCrypto;
  const genesis = await readGenesis(chainChoice(settings), crypto, options.execution !== undefined);
  const datadir = openDatadir(settings.datadir);
  return openNodeChain({
    ...options,
    datadir,
    genesis,
    requiredBlocks: settings['eth.requiredblocks'],
    sideBlockDepth: settings['chain.sideblocks'],
    transactionHistory: settings['history.transactions'],
    logHistory: settings['history.logs'],
    crypto,
    clock: systemClock,
    logs,
    signal,
  });
}

/** Whether blocks of the selected chain are executed: those of a public network only from its genesis on. */
export function isExecuted({ exec, network, 'sync.full': full }: Settings): boolean {
  return exec && (network === undefined || full);
}

/** @throws UsageError without a selected chain */
export function chainChoice({ genesis, network }: Settings): ChainChoice {
  if (genesis !== undefined) return { genesis };
  if (network !== undefined) return { network };
  throw new UsageError('no chain selected: use --genesis FILE or --network NAME');
}
