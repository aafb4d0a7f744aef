import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { type ExternalEndpoint, openLocalRecord } from '@devp2p/discv4';
import { type Enode, type Enr, type EnrContent, enrContentFromEnode, formatEnr } from '@devp2p/enr';
import type { Log } from '../logging/log.ts';
import { openNodeDatabase } from '../storage/discovery-nodes.ts';
import { type ForkChain, forkEntry, keepForkEntry } from './fork-entry.ts';

/** Says that our record has changed, and to what. */
export function logOwnRecord(record: Enr, log: Log): void {
  const { seq, eth } = record;
  log.info(
    { seq, ...(eth && { fork: eth.hash, next: eth.next }), enr: formatEnr(record) },
    'the node record has changed',
  );
}

/** @see openOwnRecord */
export interface OwnRecordOptions {
  /** An absolute path. */
  readonly datadir: string;
  readonly privateKey: Uint8Array;
  /** Where others dial us. */
  readonly enode: Enode;
  readonly chain: ForkChain;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
}

/** Our record while there is no discovery that keeps it. */
export interface OwnRecord {
  readonly record: Enr;
  /** Says in our record where a gateway lets others reach us; `undefined` when it does so no more. */
  setExternalEndpoint(endpoint: ExternalEndpoint | undefined): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * Keeps our record in the database where discovery keeps it, so that its sequence number goes on when discovery is
 * switched on or off.
 *
 * @throws NodeError `nodes-unusable`, `datadir-in-use`
 */
export async function openOwnRecord(options: OwnRecordOptions): Promise<OwnRecord> {
  const { datadir, privateKey, enode, chain, crypto, clock, log } = options;
  const store = await openNodeDatabase(datadir);
  const endpoint = enrContentFromEnode(enode);
  const local = await openLocalRecord({
    ...{ privateKey, store, crypto, clock },
    content: { ...endpoint, eth: forkEntry(chain) },
    onFailure: (error) => log.error({ error }, 'the stored record is damaged, a new one is made'),
  }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const updateLocalEnr = async (changes: EnrContent): Promise<Enr> => {
    const { seq } = local.enr;
    const record = await local.update(changes);
    if (record.seq !== seq) logOwnRecord(record, log);
    return record;
  };
  const endForkEntry = keepForkEntry(chain, { updateLocalEnr }, log);
  let closed: Promise<void> | undefined;
  return {
    get record() {
      return local.enr;
    },
    setExternalEndpoint(external) {
      const { ip, tcp } = external ?? endpoint;
      updateLocalEnr({ ip, tcp }).catch((error: unknown) => {
        if (closed === undefined) log.error({ error }, 'the node record could not be changed');
      });
    },
    close() {
      endForkEntry();
      // Which waits for changes that are being stored.
      closed ??= local
        .update({})
        .catch(() => {})
        .then(() => store.close());
      return closed;
    },
  };
}
