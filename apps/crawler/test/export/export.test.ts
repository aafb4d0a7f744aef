import { fromHex, toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { formatEnr, nodeIdHash, parseEnode, signEnr } from '@devp2p/enr';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvCell } from '../../src/export/csv.ts';
import { type ExportCounts, type ExportFormat, type ExportOptions, exportNodes } from '../../src/export/export.ts';
import type { ExportEntry } from '../../src/model/export-entry.ts';
import type { NodeRecord } from '../../src/model/node-record.ts';
import { bareNode, fullNode } from '../store/records.ts';

const privateKey = new Uint8Array(32).fill(5);
const id = crypto.secp256k1.publicKey(privateKey);
const enr = formatEnr(signEnr({ ip: '10.0.0.1', udp: 30303 }, privateKey, { crypto, seq: 7n }));

async function* each(nodes: readonly NodeRecord[]): AsyncGenerator<NodeRecord> {
  yield* nodes;
}

async function exported(
  format: ExportFormat,
  nodes: readonly NodeRecord[],
  options: Partial<ExportOptions> = {},
): Promise<{ text: string; counts: ExportCounts }> {
  const counts = { nodes: 0, withoutRecord: 0 };
  let text = '';
  for await (const chunk of exportNodes(each(nodes), { format, crypto, ...options }, counts)) {
    text += chunk;
  }
  return { text, counts };
}

test('CR-11 NDJSON has an object with all fields of each node', async () => {
  const { text, counts } = await exported('ndjson', [fullNode(1), bareNode(2)]);
  expect(counts).toEqual({ nodes: 2, withoutRecord: 0 });
  expect(text.endsWith('}\n')).toBe(true);
  const [full, bare] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ExportEntry);
  expect(full).toMatchInlineSnapshot(`
    {
      "capabilities": [
        "eth/69",
        "snap/1",
      ],
      "client": {
        "language": "go1.24.1",
        "name": "geth",
        "os": "linux",
        "version": "1.17.5",
      },
      "clientId": "Geth/größe/v1.17.5-stable-0c2fb441/linux-amd64/go1.24.1",
      "disconnect": "too-many-peers",
      "enode": "enode://01010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010100000001@[2001:db8::7]:0?discport=30301",
      "enr": "enr:-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      "error": "tcp/ECONNREFUSED",
      "eth": {
        "earliest": 0,
        "forkId": {
          "hash": "0xffffffff",
          "next": 1791294816,
        },
        "genesis": "0x0101010101010101010101010101010101010101010101010101010101010101",
        "headTime": "2026-02-02T02:40:00.000Z",
        "latest": 24000000,
        "latestHash": "0x0202020202020202020202020202020202020202020202020202020202020202",
        "networkId": "18446744073709551615",
        "version": 69,
      },
      "firstSeen": "2023-11-14T22:13:20.000Z",
      "id": "01010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010100000001",
      "ip": "2001:db8::7",
      "lastSeen": "2023-11-14T22:15:00.000Z",
      "rtt": {
        "hello": 80.5,
        "tcp": 12,
        "udp": 0.125,
      },
      "sharedAddress": true,
      "status": "synced",
      "tcp": 0,
      "trust": "signed",
      "udp": 30301,
    }
  `);
  expect(bare).toMatchInlineSnapshot(`
    {
      "capabilities": null,
      "client": null,
      "clientId": null,
      "disconnect": null,
      "enode": "enode://02020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020200000002@10.0.0.2:30303",
      "enr": null,
      "error": null,
      "eth": null,
      "firstSeen": "2023-11-14T22:13:20.000Z",
      "id": "02020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020200000002",
      "ip": "10.0.0.2",
      "lastSeen": null,
      "rtt": null,
      "sharedAddress": false,
      "status": "discovered",
      "tcp": 30303,
      "trust": "gossiped",
      "udp": 30303,
    }
  `);
  expect(toHex(parseEnode(full?.enode ?? '').id)).toBe(full?.id);
});

test('CR-11 CSV has a header, and a line with the same number of cells for each node', async () => {
  const hostile = { client: '=HYPERLINK("http://x","a")/v1.0.0,\r\n', error: '-1+1' };
  const { text } = await exported('csv', [fullNode(1, hostile), bareNode(2)]);
  const [header = [], full = [], bare = [], ...rest] = parseCsv(text);
  expect(rest).toEqual([]);
  expect([full.length, bare.length]).toEqual([header.length, header.length]);
  const row = Object.fromEntries(header.map((name, i) => [name, full[i]]));
  expect(row).toMatchObject({
    ip: '2001:db8::7',
    tcp: '0',
    udp: '30301',
    status: 'synced',
    client_id: `'=HYPERLINK("http://x","a")/v1.0.0,\ufffd\ufffd`,
    capabilities: 'eth/69 snap/1',
    error: "'-1+1",
    rtt_udp: '0.125',
    eth_network_id: '18446744073709551615',
    eth_fork_hash: '0xffffffff',
  });
});

test('CR-11 no text becomes a formula in a spreadsheet or breaks the table', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('=1', ' =1', '+1', '-1', '@a', '\t=1', '"', ',', 'a\nb', 'a\rb', "'"),
  );
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (cells) => {
      const read = parseCsv(`${cells.map(csvCell).join(',')}\r\n`)[0] ?? [];
      expect(read.map((cell, i) => (cell === cells[i] ? cell : cell.slice(1)))).toEqual(cells);
      for (const cell of read) expect(cell.trimStart()).not.toMatch(/^[=+\-@]/);
    }),
    { numRuns: 200 },
  );
});

test('CR-11 nodes.json has the nodes with a record, under the hash of their ids', async () => {
  const times = { firstSeen: 1_000, lastSeen: 5_000, lastVisit: 9_500, visits: 9, failures: 1 };
  const signed = fullNode(1, { id, enr, ...times });
  const { text, counts } = await exported('nodes.json', [bareNode(2), signed, bareNode(3)]);
  expect(counts).toEqual({ nodes: 1, withoutRecord: 2 });
  expect(JSON.parse(text)).toEqual({
    [toHex(nodeIdHash(id, { crypto }))]: {
      seq: 7,
      record: enr,
      score: 4,
      firstResponse: '1970-01-01T00:00:01.000Z',
      lastResponse: '1970-01-01T00:00:05.000Z',
      lastCheck: '1970-01-01T00:00:09.500Z',
    },
  });
  const { lastSeen, lastVisit, ...unseen } = signed;
  const silent = JSON.parse((await exported('nodes.json', [unseen])).text) as object;
  expect(Object.values(silent)[0]).toMatchObject({
    score: 0,
    firstResponse: '0001-01-01T00:00:00Z',
    lastCheck: '0001-01-01T00:00:00Z',
  });
});

test('CR-11 nodes.json keeps all 64 bits of a sequence number, and skips invalid records and those of other nodes', async () => {
  const seq = 2n ** 64n - 1n;
  const last = formatEnr(signEnr({}, privateKey, { crypto, seq }));
  const broken = `${enr.slice(0, -1)}${enr.endsWith('A') ? 'B' : 'A'}`;
  const other = crypto.secp256k1.publicKey(fromHex('07'.repeat(32)));
  const { text, counts } = await exported('nodes.json', [
    fullNode(1, { id, enr: last }),
    fullNode(2, { id: other, enr }),
    fullNode(3, { id, enr: broken }),
  ]);
  expect(counts).toEqual({ nodes: 1, withoutRecord: 2 });
  expect(text).toContain('"seq":18446744073709551615,');
});

test('CR-11 an export without nodes is an empty file, a header or an empty object', async () => {
  expect((await exported('ndjson', [])).text).toBe('');
  expect(parseCsv((await exported('csv', [])).text)).toHaveLength(1);
  expect(JSON.parse((await exported('nodes.json', [])).text)).toEqual({});
});

test('CR-11 only nodes that reached the given step', async () => {
  const nodes = [bareNode(1), bareNode(2, { status: 'hello' }), fullNode(3)];
  expect((await exported('ndjson', nodes, { status: 'hello' })).counts.nodes).toBe(2);
});

test('CR-11 a long export is yielded in chunks', async () => {
  let read = 0;
  async function* endless(): AsyncGenerator<NodeRecord> {
    for (;;) yield fullNode(read++);
  }
  const counts = { nodes: 0, withoutRecord: 0 };
  let chunks = 0;
  for await (const chunk of exportNodes(endless(), { format: 'csv', crypto }, counts)) {
    expect(chunk.length).toBeLessThan(100_000);
    if (++chunks === 3) break;
  }
  expect(read).toBeLessThan(1_000);
});

/** Parses CSV (RFC 4180), independently of the writer. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    if (end === '' && row.length === 0 && plain === '' && quoted === undefined) break;
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
