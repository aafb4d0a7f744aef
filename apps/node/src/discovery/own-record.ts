import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { type ExternalEndpoint, openLocalNode } from '@devp2p/discover';
import { type Enode, type Enr, enrContentFromEnode } from '@devp2p/enr';
import type { Log } from '../logging/log.ts';
import { openNodeDatabase } from '../storage/discovery-nodes.ts';
import { type ForkChain, forkEntry, keepForkEntry } from './fork-entry.ts';

/** @see openOwnRecord */
export interface OwnRecordOptions {
  /** An absolute path. */
  readonly datadir: string;
  readonly privateKey: Uint8Array;
  /** Endpoint at which others dial the node. */
  readonly enode: Enode;
  readonly chain: ForkChain;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
}

/** The local record of a node without discovery. */
export interface OwnRecord {
  readonly record: Enr;
  /** Sets the external endpoint at a gateway in the local record; `undefined` removes it. */
  setExternalEndpoint(endpoint: ExternalEndpoint | undefined): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * Manages the local record without discovery, in the same database, so that its sequence number continues when
 * discovery is switched on or off.
 *
 * @throws NodeError `nodes-unusable`, `datadir-in-use`
 */
export async function openOwnRecord(options: OwnRecordOptions): Promise<OwnRecord> {
  const { datadir, privateKey, enode, chain, crypto, clock, log } = options;
  const store = await openNodeDatabase(datadir);
  const { ip, ip6, tcp } = enrContentFromEnode(enode);
  const localNode = await openLocalNode({
    privateKey,
    externalIp: ip,
    externalIp6: ip6,
    tcpPort: tcp ?? 0,
    entries: { eth: forkEntry(chain) },
    store,
    crypto,
    clock,
  }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const endForkEntry = keepForkEntry(chain, localNode, log);
  let closed: Promise<void> | undefined;
  return {
    get record() {
      return localNode.enr;
    },
    setExternalEndpoint(external) {
      localNode.setExternalEndpoint(external).catch((error: unknown) => {
        if (closed === undefined) log.error({ error }, 'local record not updated');
      });
    },
    close() {
      endForkEntry();
      closed ??= localNode.flush().then(() => store.close());
      return closed;
    },
  };
}
