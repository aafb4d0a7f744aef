import { equalBytes } from '@devp2p/bytes';
import type { LocalNode } from '@devp2p/discover';
import type { Enr, EthEntry } from '@devp2p/enr';
import { checkForkId, type ForkHead, type ForkSchedule, forkId } from '@devp2p/eth';
import type { Log } from '../logging/log.ts';

/** Chain facts from which the `eth` entry of a record is derived. */
export interface ForkChain {
  readonly genesisHash: Uint8Array;
  readonly forks: ForkSchedule;
  readonly head: { readonly number: number; readonly timestamp: number };
  /** @returns a function that ends the subscription. */
  onHead(listener: () => void): () => void;
}

/** The entry for the rules at the chain's head (EIP-2364). */
export function forkEntry(chain: ForkChain): EthEntry {
  const { hash, next } = forkId(chain.genesisHash, chain.forks, headOf(chain));
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, hash);
  return { hash: bytes, next };
}

/** Whether a node with this record may be on the local chain. A record without `eth` entry is accepted. */
export function mayShareChain(record: Enr | undefined, chain: ForkChain): boolean {
  const entry = record?.eth;
  if (entry === undefined) return true;
  const { buffer, byteOffset } = entry.hash;
  const remote = { hash: new DataView(buffer, byteOffset, 4).getUint32(0), next: entry.next };
  return checkForkId(chain.genesisHash, chain.forks, headOf(chain), remote) === undefined;
}

/**
 * Updates the entry of the local record when the chain changes.
 *
 * @returns a function that stops it
 */
export function keepForkEntry(chain: ForkChain, localNode: Pick<LocalNode, 'update'>, log: Log): () => void {
  let shown = forkEntry(chain);
  return chain.onHead(() => {
    const entry = forkEntry(chain);
    if (entry.next === shown.next && equalBytes(entry.hash, shown.hash)) return;
    shown = entry;
    localNode.update({ eth: entry }).catch((error: unknown) => log.error({ error }, 'local record not updated'));
  });
}

function headOf({ head }: ForkChain): ForkHead {
  return { number: head.number, time: head.timestamp };
}
