import type { Health } from '../../observability/health.ts';
import type { NodeInfo, PeerInfo } from '../../rpc/namespaces/admin.ts';
import { stateAdvice, withAdvice } from '../advice.ts';

/** The status of a node at one time. */
export interface NodeStatus {
  readonly node: NodeInfo;
  readonly peers: readonly PeerInfo[];
  readonly health: Health;
  /** Time of the request, in milliseconds of a monotonic clock. */
  readonly at: number;
  /** The previous status, for rates. */
  readonly before?: NodeStatus | undefined;
  /** Why the last request failed. */
  readonly fault?: string;
}

/** Size of a terminal in characters. */
export interface Screen {
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** A node's identity, chain, sync and peers as text; without a screen, all of it at full length. */
export function statusText(status: NodeStatus, screen?: Screen): string {
  const { node, peers, health, fault } = status;
  const { eth } = node.protocols;
  const { inbound, outbound } = health.peers;
  const fields = {
    node: node.name,
    id: node.id.slice(0, 16),
    enode: node.enode,
    record: node.enr,
    listens: `${node.listenAddr} (TCP), ${node.ports.discovery === 0 ? 'no discovery' : `${node.ports.discovery} (UDP)`}`,
    network: `${eth.network}, genesis ${eth.genesis}`,
    head: `${health.head.number} ${health.head.hash}`,
    sync: syncText(status),
    ...(health.peerHead && { 'head of peers': health.peerHead.text }),
    ...(health.pool && { pool: poolText(health.pool) }),
    peers: `${peers.length}: ${inbound} inbound, ${outbound} outbound`,
    ...(fault !== undefined && { 'not seen': fault }),
  };
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  const lines = [
    ...Object.entries(fields).map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}`),
    ...(peers.length > 0 ? ['', ...peerTable(peers)] : []),
  ];
  // A terminal of unknown size reports 0 or no value.
  const { rows = 0, columns = 0 } = screen ?? {};
  const room = rows > 0 ? Math.max(1, rows - 1) : lines.length;
  const shown = lines.length > room ? [...lines.slice(0, room - 1), '…'] : lines;
  return shown.map((line) => (columns > 0 ? cut(line, columns) : line)).join('\n');
}

function poolText({ pending, queued, blobs }: NonNullable<Health['pool']>): string {
  return `${pending} transactions, ${blobs} of them with blobs; ${queued} wait for an earlier nonce`;
}

function syncText({ health, at, before }: NodeStatus): string {
  const { running, target, phases } = health.sync;
  if (!running || health.status !== 'ok') {
    return withAdvice(health.state.text, stateAdvice(health.state));
  }
  const parts = Object.entries(phases).map(([name, { done, total }]) => {
    const earlier = before?.health.sync.phases[name];
    const seconds = before === undefined ? 0 : (at - before.at) / 1_000;
    const rate = earlier && seconds > 0 ? (done - earlier.done) / seconds : 0;
    const left = rate > 0 ? `, ${Math.round(rate)}/s, ${Math.ceil((total - done) / rate)} s left` : '';
    return `${name} ${done} of ${total} (${Math.floor((done / total) * 100)} %${left})`;
  });
  return [`to ${target ?? '?'}`, ...parts].join(', ');
}

const headings = ['ID', 'CLIENT', 'ADDRESS', 'DIRECTION', 'ETH', 'BLOCK', 'TX IN', 'TX OUT', ''];
/** Maximum width of each column, in characters. */
const widths = [16, 48, 47, 9, 3, 16, 16, 16, 14];

function peerTable(peers: readonly PeerInfo[]): string[] {
  const rows = peers.map(({ id, name, network, protocols: { eth }, transactions }) => [
    id.slice(0, 16),
    name,
    network.remoteAddress,
    network.inbound ? 'inbound' : 'outbound',
    eth === 'handshake' ? '-' : String(eth.version),
    eth === 'handshake' ? '-' : String(eth.latestBlock ?? '-'),
    // Transactions of the peer that the pool has added, and those that were sent to it.
    transactions === undefined ? '-' : String(transactions.outcomes.added),
    transactions === undefined ? '-' : String(transactions.sentWhole + transactions.served),
    [network.static && 'static', network.trusted && 'trusted'].filter(Boolean).join(' '),
  ]);
  const cells = [headings, ...rows].map((row) => row.map((cell, i) => cut(printable(cell), widths[i] ?? 0)));
  const columns = headings.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(columns[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Replaces control characters, since names are received from the network. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u00a1-\u02ff\u2026]/g, '\ufffd');
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, Math.max(0, length - 1))}…` : text;
}
