import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AddrManEvent } from '@devp2p/addrman';
import { equalBytes, toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { ConnManagerEvent } from '@devp2p/connmgr';
import type { DiscoverEvent } from '@devp2p/discover';
import type { Discv4Event } from '@devp2p/discv4';
import type { DnsdiscEvent } from '@devp2p/dnsdisc';
import { type Enr, formatEnr } from '@devp2p/enr';
import type { RlpxEvent } from '@devp2p/rlpx';
import type { Log, LogFields, Logs } from '../logging/log.ts';
import { shortId } from '../network/peer-id.ts';

/** Failures of one kind are a warning once in this time, in milliseconds; the others are logged at debug level. */
const warningInterval = 60_000;

/** Logs a failure, as a warning if it is the first of its kind for a while. */
type LogFailure = (kind: string, fields: LogFields, message: string) => void;

/** @see logDiagnostics */
export interface LogDiagnosticsOptions {
  /** Public key of the node, 64 bytes. Events of other nodes in the process are not logged. */
  readonly localId: Uint8Array;
  readonly clock: Clock;
  readonly logs: Logs;
}

/**
 * Logs the events that packages publish about one node on their diagnostics channels.
 *
 * @returns a function that stops it
 */
export function logDiagnostics({ localId, clock, logs }: LogDiagnosticsOptions): () => void {
  const log = logs('discovery');
  const failed = throttle(log, clock);
  const identity = toHex(localId);
  const isOwn = (id: Uint8Array | undefined): boolean => id !== undefined && equalBytes(id, localId);
  const listeners: Readonly<Record<string, (message: unknown) => void>> = {
    'devp2p:rlpx'(message) {
      const event = message as RlpxEvent;
      if (isOwn(event.localId)) logTransport(event, logs('network'));
    },
    'devp2p:addrman'(message) {
      const event = message as AddrManEvent;
      if (isOwn(event.localId)) logAddresses(event, logs('network'));
    },
    'devp2p:connmgr'(message) {
      const event = message as ConnManagerEvent;
      if (event.localIdentity !== identity || event.type !== 'anchors-failed') return;
      logs('network').warn({ error: event.error }, 'anchor nodes cannot be stored or read');
    },
    'devp2p:discover'(message) {
      const event = message as DiscoverEvent;
      if (!isOwn(event.localId)) return;
      if (event.type === 'local-record') logRecord(event.enr, log);
      else failed(event.type, { error: event.error }, event.type.replaceAll('-', ' '));
    },
    'devp2p:discv4'(message) {
      const event = message as Discv4Event;
      if (isOwn(event.localId)) logDiscv4(event, log, failed);
    },
    'devp2p:dnsdisc'(message) {
      const event = message as DnsdiscEvent;
      if (isOwn(event.localId)) logDnsdisc(event, log, failed);
    },
  };
  for (const [name, listener] of Object.entries(listeners)) subscribe(name, listener);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) unsubscribe(name, listener);
  };
}

function throttle(log: Log, clock: Clock): LogFailure {
  const warned = new Map<string, number>();
  return (kind, fields, message) => {
    const now = clock.monotonic();
    const isDue = now - (warned.get(kind) ?? Number.NEGATIVE_INFINITY) >= warningInterval;
    if (isDue) warned.set(kind, now);
    log[isDue ? 'warn' : 'debug'](fields, message);
  };
}

/** Logs handshakes, and streams that end with an error. */
function logTransport(event: RlpxEvent, log: Log): void {
  if (event.type === 'accept-failed') {
    log.warn({ error: event.error }, 'a connection could not be accepted');
    return;
  }
  const { inbound, remoteAddress, remoteId } = event;
  const peer = {
    ...(remoteId && { id: shortId(remoteId) }),
    ...(remoteAddress && { address: `${remoteAddress.host}:${remoteAddress.port}` }),
    inbound,
  };
  if (event.type === 'handshake') {
    log.trace({ ...peer, milliseconds: Math.round(event.milliseconds) }, 'handshake');
  } else if (event.type === 'handshake-failed') {
    log.debug({ ...peer, error: event.error }, 'handshake failed');
  } else if (event.error !== undefined) {
    log.debug({ ...peer, error: event.error }, 'connection failed');
  }
}

function logAddresses(event: AddrManEvent, log: Log): void {
  if (event.type === 'saved') log.debug({ bytes: event.bytes }, 'known addresses saved');
  else if (event.type === 'save-failed') {
    log.error({ error: event.error }, 'known addresses are not saved');
  } else log.warn({ error: event.error }, 'known addresses set aside, starting without them');
}

function logDiscv4(event: Discv4Event, log: Log, failed: LogFailure): void {
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
}

function logDnsdisc(event: DnsdiscEvent, log: Log, failed: LogFailure): void {
  switch (event.type) {
    case 'resolver-failed':
    case 'refused': {
      const { name, error, retryIn } = event;
      // With a retry time, the list as a whole cannot be read.
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
}

function logRecord(record: Enr, log: Log): void {
  const { seq, eth } = record;
  log.info(
    { seq, ...(eth && { fork: eth.hash, next: eth.next }), enr: formatEnr(record) },
    'the node record has changed',
  );
}
