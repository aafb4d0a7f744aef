import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { equalBytes } from '@devp2p/bytes';
import { EthError, type EthErrorCode } from '@devp2p/eth';
import { type DisconnectReason, type PeerDiagnostics, type PeerEnd, PeerError } from '@devp2p/peer';
import { RlpxError, type RlpxEvent } from '@devp2p/rlpx';
import { Counter, type Registry } from 'prom-client';
import type { NodeDiagnostics } from '../../network/diagnostics.ts';
import type { MetricGroup } from './group.ts';

/** Outcomes of a connection, with go-ethereum's names (`p2p/metrics.go`); `connection` exists for dials only. */
const outcomes = {
  success: 'Connections that became peers',
  error_saturated: 'Connections refused by either side for too many peers',
  error_known: 'Connections refused by either side as duplicates',
  error_self: 'Connections of the node to itself',
  error_useless: 'Connections ended by either side because the peer is useless',
  error_id_unexpected: 'Connections with an unexpected identity of the remote',
  error_rlpx_enc: 'RLPx handshakes that failed',
  error_rlpx_proto: 'Hello exchanges that failed',
} as const;
type Outcome = keyof typeof outcomes;

const ofReason: Readonly<Partial<Record<DisconnectReason, Outcome>>> = {
  'too-many-peers': 'error_saturated',
  'already-connected': 'error_known',
  'connected-to-self': 'error_self',
  'useless-peer': 'error_useless',
  'unexpected-identity': 'error_id_unexpected',
};

/** Failures of the Status exchange, with go-ethereum's names (`eth/protocols/eth/metrics.go`). */
const statusErrors: Readonly<Partial<Record<EthErrorCode, string>>> = {
  'no-status': 'peer',
  'status-timeout': 'timeout',
  'network-mismatch': 'network',
  'version-mismatch': 'version',
  'genesis-mismatch': 'genesis',
  'fork-mismatch': 'forkid',
};

/**
 * Counts dials and accepted connections by outcome, and handshake errors by cause, from the diagnostics channels of the
 * packages. Events of other nodes in the process are left out.
 */
export function countConnections(registry: Registry, localId: Uint8Array): MetricGroup {
  const isOwn = (event: { readonly localId: Uint8Array }): boolean => equalBytes(event.localId, localId);
  const registers = [registry];
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
  const bySide = (side: 'dials' | 'serves') => ({
    all: counter(`p2p_${side}`, side === 'dials' ? 'Nodes dialed' : 'Connections accepted'),
    of: Object.fromEntries(
      Object.entries(outcomes).map(([name, help]) => [name, counter(`p2p_${side}_${name}`, help)]),
    ) as Record<Outcome, Counter>,
  });
  const dials = bySide('dials');
  const serves = bySide('serves');
  const unreached = counter('p2p_dials_error_connection', 'Nodes that could not be connected to');
  const status = ['ingress', 'egress'].map((side) =>
    Object.fromEntries(
      Object.values(statusErrors).map((cause) => [
        cause,
        counter(`eth_protocols_eth_${side}_handshake_error_${cause}`, 'Statuses that do not fit'),
      ]),
    ),
  );
  const causes = new Counter({
    name: 'p2p_handshake_errors',
    help: 'Failed handshakes by cause',
    labelNames: ['direction', 'stage', 'cause'],
    registers,
  });
  /** Causes are local error codes, not text from the remote. */
  const failed = (inbound: boolean, stage: 'rlpx' | 'hello' | 'status', cause: string): void =>
    causes.inc({ direction: inbound ? 'inbound' : 'outbound', stage, cause });
  const count = (inbound: boolean, outcome: Outcome): void => (inbound ? serves : dials).of[outcome].inc();

  const onTransport = (message: unknown): void => {
    const event = message as RlpxEvent;
    if (!isOwn(event)) return;
    if (event.type !== 'handshake' && event.type !== 'handshake-failed') return;
    if (event.inbound) serves.all.inc();
    if (event.type === 'handshake') return;
    count(event.inbound, 'error_rlpx_enc');
    const { error } = event;
    failed(event.inbound, 'rlpx', error instanceof RlpxError ? error.code : 'aborted');
  };
  const onNode = (message: unknown): void => {
    const event = message as NodeDiagnostics;
    if (!isOwn(event)) return;
    if (event.type === 'dial') dials.all.inc();
    else if (event.type === 'refused') {
      count(event.stream.inbound, ofReason[event.reason] ?? 'error_rlpx_proto');
    } else if (isUnreached(event.error)) unreached.inc();
  };
  const onPeer = (message: unknown): void => {
    const event = message as PeerDiagnostics;
    if (!isOwn(event)) return;
    if (event.type === 'added') count(event.peer.inbound, 'success');
    else if (event.type === 'dropped') onEnd(event.peer.inbound, event.end);
    else {
      const { stream, error } = event;
      const { reason, code } = error instanceof PeerError ? error : { reason: undefined, code: undefined };
      count(stream.inbound, (reason && ofReason[reason]) ?? 'error_rlpx_proto');
      failed(stream.inbound, 'hello', reason ?? code ?? 'other');
    }
  };
  const onEnd = (inbound: boolean, { error }: PeerEnd): void => {
    const cause = error?.cause;
    const name = cause instanceof EthError ? statusErrors[cause.code] : undefined;
    if (name === undefined) return;
    status[inbound ? 0 : 1]?.[name]?.inc();
    failed(inbound, 'status', (cause as EthError).code);
  };
  subscribe('devp2p:rlpx', onTransport);
  subscribe('devp2p:node', onNode);
  subscribe('devp2p:peer', onPeer);
  return {
    close() {
      unsubscribe('devp2p:rlpx', onTransport);
      unsubscribe('devp2p:node', onNode);
      unsubscribe('devp2p:peer', onPeer);
    },
  };
}

function isUnreached(error: unknown): boolean {
  return error instanceof RlpxError && /^connect-/.test(error.code);
}
