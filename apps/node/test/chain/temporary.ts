import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { onTestFinished } from 'vitest';
import { type ChainOptions, type LocalChain, openChain } from '../../src/chain/chain.ts';
import type { Genesis } from '../../src/config/genesis/genesis.ts';
import { crypto } from './make-blocks.ts';

/** An empty directory that is removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'devp2p-chain-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Opens a chain for one test. */
export async function openTemporary(genesis: Genesis, options: Partial<ChainOptions> = {}): Promise<LocalChain> {
  const location = options.location ?? temporaryDirectory();
  const clock = createVirtualClock({ now: 2_000_000_000_000 });
  const chain = await openChain({ location, genesis, clock, crypto, ...options });
  onTestFinished(() => chain.close());
  return chain;
}
