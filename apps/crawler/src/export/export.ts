import type { Crypto } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { exportEntry } from '../model/export-entry.ts';
import { hasReached, type NodeRecord, type NodeStatus } from '../model/node-record.ts';
import { csvHeader, csvLine } from './csv.ts';
import { nodesJsonMember } from './nodes-json.ts';

export const exportFormats = ['ndjson', 'csv', 'nodes.json'] as const;

/**
 * - `ndjson`: an {@link ExportEntry} as JSON on each line;
 * - `csv`: the same as a table (RFC 4180), with a header;
 * - `nodes.json`: what go-ethereum's `devp2p nodeset` and `devp2p dns` read. Only nodes whose record is known can be
 *   in it.
 */
export type ExportFormat = (typeof exportFormats)[number];

/** @see exportNodes */
export interface ExportOptions {
  readonly format: ExportFormat;
  /** Only nodes whose last visit got at least that far. @default all */
  readonly status?: NodeStatus | undefined;
  /** @default `fastCrypto` */
  readonly crypto?: Crypto | undefined;
}

/** How many nodes an export has so far. */
export interface ExportCounts {
  /** Written. */
  nodes: number;
  /** Left out, since the format needs a record of them. */
  withoutRecord: number;
}

/** Text is passed on in pieces of about so many characters. */
const pieceLength = 65_536;

/** Nodes as text, piece by piece; `counts` are right once the last was read. One node is in memory at a time. */
export async function* exportNodes(
  nodes: AsyncIterable<NodeRecord>,
  { format, status = 'discovered', crypto = fastCrypto }: ExportOptions,
  counts: ExportCounts = { nodes: 0, withoutRecord: 0 },
): AsyncGenerator<string, void, undefined> {
  const { header, write, footer } = writers[format](crypto);
  let piece = header;
  for await (const node of nodes) {
    if (!hasReached(node.status, status)) continue;
    const text = write(node, counts.nodes);
    if (text === undefined) {
      counts.withoutRecord++;
      continue;
    }
    counts.nodes++;
    piece += text;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  yield piece + footer;
}

interface Writer {
  readonly header: string;
  readonly footer: string;
  /** Writes the node that comes after `before` others; `undefined` when it cannot be written. */
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
