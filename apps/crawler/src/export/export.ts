import type { Crypto } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { methods, oneOf, type Rules, required } from '@devp2p/options';
import { check } from '../model/check-options.ts';
import { exportEntry } from '../model/export-entry.ts';
import { hasReached, type NodeRecord, type NodeStatus, statuses } from '../model/node-record.ts';
import { csvHeader, csvLine } from './csv.ts';
import { nodesJsonMember } from './nodes-json.ts';

export const exportFormats = ['ndjson', 'csv', 'nodes.json'] as const;

/**
 * - `ndjson`: an {@link ExportEntry} as JSON on each line;
 * - `csv`: the same fields as a table (RFC 4180), with a header;
 * - `nodes.json`: the format of go-ethereum's `devp2p nodeset` and `devp2p dns`. It contains only nodes with a known
 *   record.
 */
export type ExportFormat = (typeof exportFormats)[number];

/** @see exportNodes */
export interface ExportOptions {
  readonly format: ExportFormat;
  /** Only nodes whose last visit reached this step. @default all */
  readonly status?: NodeStatus | undefined;
  /** @default `fastCrypto` */
  readonly crypto?: Crypto | undefined;
}

/** Number of nodes in an export so far. */
export interface ExportCounts {
  /** Written nodes. */
  nodes: number;
  /** Skipped nodes, without the record that the format needs. */
  withoutRecord: number;
}

/** Characters from which a chunk is yielded. */
const chunkLength = 65_536;

const rules: Rules<ExportOptions> = {
  format: required(oneOf(...exportFormats)),
  status: oneOf(...statuses),
  crypto: methods('keccak256'),
};

/**
 * Formats nodes as text, in chunks. Only one node is in memory at a time.
 *
 * @param counts updated as nodes are written
 * @throws CrawlerError `invalid-option`
 */
export function exportNodes(
  nodes: AsyncIterable<NodeRecord>,
  options: ExportOptions,
  counts: ExportCounts = { nodes: 0, withoutRecord: 0 },
): AsyncGenerator<string, void, undefined> {
  check.options('exportNodes', options, rules);
  return formatNodes(nodes, options, counts);
}

async function* formatNodes(
  nodes: AsyncIterable<NodeRecord>,
  { format, status = 'discovered', crypto = fastCrypto }: ExportOptions,
  counts: ExportCounts,
): AsyncGenerator<string, void, undefined> {
  const { header, write, footer } = writers[format](crypto);
  let chunk = header;
  for await (const node of nodes) {
    if (!hasReached(node.status, status)) continue;
    const text = write(node, counts.nodes);
    if (text === undefined) {
      counts.withoutRecord++;
      continue;
    }
    counts.nodes++;
    chunk += text;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk + footer;
}

interface Writer {
  readonly header: string;
  readonly footer: string;
  /** Formats a node after `before` other nodes; `undefined` if the format cannot contain it. */
  write(node: NodeRecord, before: number): string | undefined;
}

const writers: Record<ExportFormat, (crypto: Crypto) => Writer> = {
  ndjson: () => ({
    header: '',
    footer: '',
    write: (node) => `${JSON.stringify(exportEntry(node))}\n`,
  }),
  csv: () => ({ header: csvHeader, footer: '', write: (node) => csvLine(exportEntry(node)) }),
  'nodes.json': (crypto) => ({
    header: '{',
    footer: '\n}\n',
    write(node, before) {
      const member = nodesJsonMember(node, crypto);
      return member && `${before > 0 ? ',' : ''}\n    ${member}`;
    },
  }),
};
