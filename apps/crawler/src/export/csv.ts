import type { ExportEntry } from '../model/export-entry.ts';

type Cell = string | number | null | undefined;

const columns: Readonly<Record<string, (entry: ExportEntry) => Cell>> = {
  id: ({ id }) => id,
  enode: ({ enode }) => enode,
  enr: ({ enr }) => enr,
  ip: ({ ip }) => ip,
  tcp: ({ tcp }) => tcp,
  udp: ({ udp }) => udp,
  status: ({ status }) => status,
  trust: ({ trust }) => trust,
  client_name: ({ client }) => client?.name,
  client_version: ({ client }) => client?.version,
  client_os: ({ client }) => client?.os,
  client_language: ({ client }) => client?.language,
  client_id: ({ clientId }) => clientId,
  capabilities: ({ capabilities }) => capabilities?.join(' '),
  eth_version: ({ eth }) => eth?.version,
  eth_network_id: ({ eth }) => eth?.networkId,
  eth_genesis: ({ eth }) => eth?.genesis,
  eth_fork_hash: ({ eth }) => eth?.forkId.hash,
  eth_fork_next: ({ eth }) => eth?.forkId.next,
  eth_earliest: ({ eth }) => eth?.earliest,
  eth_latest: ({ eth }) => eth?.latest,
  eth_latest_hash: ({ eth }) => eth?.latestHash,
  eth_head_time: ({ eth }) => eth?.headTime,
  shared_address: ({ sharedAddress }) => String(sharedAddress),
  disconnect: ({ disconnect }) => disconnect,
  error: ({ error }) => error,
  first_seen: ({ firstSeen }) => firstSeen,
  last_seen: ({ lastSeen }) => lastSeen,
  rtt_udp: ({ rtt }) => rtt?.udp,
  rtt_tcp: ({ rtt }) => rtt?.tcp,
  rtt_hello: ({ rtt }) => rtt?.hello,
};

export const csvHeader: string = `${Object.keys(columns).join(',')}\r\n`;

export function csvLine(entry: ExportEntry): string {
  const cells = Object.values(columns).map((column) => csvCell(column(entry)));
  return `${cells.join(',')}\r\n`;
}

/**
 * Formats one cell (RFC 4180). Text that a spreadsheet would run as a formula is prefixed with an apostrophe, since it
 * comes from the network.
 */
export function csvCell(value: Cell): string {
  if (typeof value === 'number') return String(value);
  if (value === null || value === undefined) return '';
  const text = /^\s*[=+\-@\t\r＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
