import { UsageError } from '@devp2p/appkit/cli';
import { systemClock } from '@devp2p/clock';
import { fastCrypto } from '@devp2p/crypto/fast';
import type { LocalChain } from '../../chain/chain.ts';
import { openDatadir } from '../../config/datadir.ts';
import { type ChainChoice, openNodeChain, readGenesis } from '../../node/open-chain.ts';
import type { CommandContext } from '../context.ts';
import type { Settings } from '../flags/flags.ts';

/** The chain that the settings name. */
export async function openSettledChain({ settings, logs }: CommandContext): Promise<LocalChain> {
  const crypto = fastCrypto;
  const genesis = await readGenesis(chainChoice(settings), crypto);
  const datadir = openDatadir(settings.datadir);
  const requiredBlocks = settings['eth.requiredblocks'];
  return openNodeChain({ datadir, genesis, requiredBlocks, crypto, clock: systemClock, logs });
}

/** @throws UsageError when no chain was named. */
export function chainChoice({ genesis, network }: Settings): ChainChoice {
  if (genesis !== undefined) return { genesis };
  if (network !== undefined) return { network };
  throw new UsageError('no chain selected: use --genesis FILE or --network NAME');
}
