import { subscribe } from 'node:diagnostics_channel';
import type { AddrManEvent } from '@devp2p/addrman';
import type { ConnManagerEvent } from '@devp2p/connmgr';
import type { DiscoverEvent } from '@devp2p/discover';
import type { Discv4Event } from '@devp2p/discv4';
import type { DnsdiscEvent } from '@devp2p/dnsdisc';
import { type Enr, formatEnr } from '@devp2p/enr';
import type { RlpxEvent } from '@devp2p/rlpx';
import type { Log, LogFields } from '../../logging/log.ts';
import { shortId } from '../../network/peer-id.ts';

/**
 * Logs what the transport tells the process: handshakes that come to nothing, which is nobody's to
 * catch, and streams that break.
 */
export function observeTransport(log: Log): void {
  const onEvent = (message: unknown): void => {
    const event = message as RlpxEvent;
    if (event.type === 'accept-failed') {
      log.warn({ error: event.error }, 'a connection could not be accepted');
      return;
    }
    const { inbound, remoteAddress, remoteId } = event;
    const who = {
      ...(remoteId && { id: shortId(remoteId) }),
      ...(remoteAddress && { address: `${remoteAddress.host}:${remoteAddress.port}` }),
      inbound,
    };
    if (event.type === 'handshake') {
      log.trace({ ...who, milliseconds: Math.round(event.milliseconds) }, 'handshake');
    } else if (event.type === 'handshake-failed') {
      log.debug({ ...who, error: event.error }, 'handshake failed');
    } else if (event.error !== undefined) {
      log.debug({ ...who, error: event.error }, 'connection broke');
    }
  };
  subscribe('devp2p:rlpx', onEvent);
}

/** Logs what keeps addresses from outliving the process. */
export function observeAddresses(log: Log): void {
  subscribe('devp2p:addrman', (message) => {
    const event = message as AddrManEvent;
    if (event.type === 'saved') log.debug({ bytes: event.bytes }, 'known addresses are saved');
    else if (event.type === 'save-failed') {
      log.error({ error: event.error }, 'known addresses are not saved');
    } else log.warn({ error: event.error }, 'known addresses are set aside, and found anew');
  });
  subscribe('devp2p:connmgr', (message) => {
    const event = message as ConnManagerEvent;
    if (event.type !== 'anchors-failed') return;
    log.warn({ error: event.error }, 'the nodes to be dialled first are lost');
  });
}

/** Failures of one kind that come within this many ms of each other are told once. */
const quietTime = 60_000;

/** Logs what discovery tells the process: what has failed and is tried again, and what was found. */
export function observeDiscovery(log: Log): void {
  const told = new Map<string, number>();
  const failed = (kind: string, fields: LogFields, message: string): void => {
    const now = performance.now();
    const isNews = now - (told.get(kind) ?? Number.NEGATIVE_INFINITY) >= quietTime;
    if (isNews) told.set(kind, now);
    log[isNews ? 'warn' : 'debug'](fields, message);
  };
  subscribe('devp2p:discover', (message) => {
    const event = message as DiscoverEvent;
    if (event.type === 'local-record') logLocalRecord(event.enr, log);
    else failed(event.type, { error: event.error }, event.type.replaceAll('-', ' '));
  });
  subscribe('devp2p:discv4', (message) => {
    const event = message as Discv4Event;
    switch (event.type) {
      case 'node-added':
      case 'node-removed':
        log.trace({ node: event.node.enode }, event.type.replace('-', ' '));
        break;
      case 'clock-drift':
        log.warn({ milliseconds: event.milliseconds }, 'system clock is wrong, requests time out');
        break;
      case 'bootnode-unresolved':
        failed(event.type, { host: event.host, error: event.error }, 'boot node has no address');
        break;
      default:
        failed(event.type, { error: event.error }, event.type.replaceAll('-', ' '));
    }
  });
  subscribe('devp2p:dnsdisc', (message) => {
    const event = message as DnsdiscEvent;
    switch (event.type) {
      case 'resolver-failed':
      case 'refused': {
        const { name, error, retryIn } = event;
        // Then it is the list as a whole that cannot be had.
        if (retryIn !== undefined) {
          const fields = { dns: name, error, retryIn: `${Math.round(retryIn)} ms` };
          failed(event.type, fields, 'list of nodes cannot be read');
        } else log.debug({ dns: name, error }, 'entry of a list refused');
        break;
      }
      case 'root':
        log.debug({ domain: event.domain, seq: event.seq }, 'list of nodes found');
        break;
      default:
        log.debug({ url: event.url }, event.type.replace('-', ' '));
    }
  });
}

function logLocalRecord(record: Enr, log: Log): void {
  const { seq, eth } = record;
  log.info(
    { seq, ...(eth && { fork: eth.hash, next: eth.next }), enr: formatEnr(record) },
    'the node record has changed',
  );
}
