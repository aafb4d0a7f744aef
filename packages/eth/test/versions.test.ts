import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toHex } from '@devp2p/bytes';
import { type Codec, decode, list, map, raw, struct, uint } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { type EthPeer, type EthVersion, ethVersion, RawList, type SealedHeader } from '../src/index.ts';
import { MemoryChain } from './memory-chain.ts';
import { connect } from './peers.ts';

const eth68 = ethVersion(68);
const eth70 = ethVersion(70);

/** A message in an envelope with another field: a form that no version of eth has. */
function enveloped<T>(codec: Codec<T>): Codec<T> {
  return map(
    struct({ extra: uint(64), body: codec }),
    ({ body }) => body as T,
    (body) => ({ extra: 7, body }),
  );
}

/** A version that does not exist: with other codes, other codecs and other receipts. */
const eth71: EthVersion = {
  ...eth70,
  version: 71,
  length: 22,
  messages: {
    ...eth70.messages,
    status: { code: 0x13, codec: enveloped(eth70.messages.status.codec) },
    getBlockHeaders: { code: 0x14, codec: enveloped(eth70.messages.getBlockHeaders.codec) },
    blockHeaders: { code: 0x15, codec: enveloped(eth70.messages.blockHeaders.codec) },
  },
  receipts: {
    encode: (receipts) => RawList.of([receipts]).raw,
    decode: (item) => eth70.receipts.decode(decode(list(raw), item)[0] as Uint8Array),
    isDivisible: false,
  },
};

describe('an invented version 71', () => {
  const chain = new MemoryChain(40);
  const request = async <T>(send: (peer: EthPeer) => Promise<T>): Promise<[T, number]> => {
    const versions = [eth71, 70];
    const { clock, left } = await connect({ chain, versions }, { chain, versions });
    const response = send(left.eth);
    await clock.advance(0);
    return [await response, left.eth.version];
  };

  test('ET-01 exchanges Status in its own form', async () => {
    const [status, version] = await request((peer) => peer.status);
    expect(version).toBe(71);
    expect(status).toMatchObject({ version: 71, networkId: chain.networkId, latest: 39 });
  });

  test('ET-06 requests headers with its own codes and codecs', async () => {
    const [headers] = await request((peer) => peer.getHeaders({ origin: 5, amount: 3 }));
    expect(headers.map(({ number }) => number)).toEqual([5, 6, 7]);
  });

  test('ET-06 converts receipts from and to its own form', async () => {
    const blocks = [1, 2].map((i) => chain.blocks[i]?.header as SealedHeader);
    const [receipts] = await request((peer) => peer.getReceipts(blocks));
    expect(receipts.map((each) => toHex(each.raw))).toEqual(
      [1, 2].map((i) => toHex(chain.blocks[i]?.receipts as Uint8Array)),
    );
  });

  test('ET-01 falls back to the highest shared version', async () => {
    const { left } = await connect({ chain, versions: [eth71, 70] }, { chain, versions: [68, 70, 69] });
    expect(left.eth.version).toBe(70);
  });

  test('ET-01 an incomplete table is refused with the name of the field', async () => {
    const { receipts: _, ...incomplete } = eth71;
    await expect(connect({ chain, versions: [incomplete as EthVersion] }, { chain })).rejects.toThrow(
      'versions[0].receipts is undefined',
    );
  });
});

/** Source files below a folder, without tests and builds. */
function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) {
      return ['node_modules', 'dist', 'test'].includes(entry.name) ? [] : sources(join(folder, entry.name));
    }
    return entry.name.endsWith('.ts') ? [join(folder, entry.name)] : [];
  });
}

/** Code without comments and without the contents of strings. */
function withoutText(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')
    .replace(/'[^'\n]*'/g, "''");
}

const operator = '(?:[!=]==?|(?<!=)[<>]=?(?!\\())';
/** A comparison in which one side is named version, as a variable or a property. */
const comparison = new RegExp(
  `\\bversion\\b\\s*${operator}\\s*[\\w(]|[\\w)]\\s*${operator}\\s*(?:[\\w$#]+(?:\\??\\.|\\.))*version\\b`,
);
/** A number that only a version of eth has. */
const versionNumber = /(?<![\w.])(?:6[6-9]|7[0-9])(?![\w.])/;

describe('version numbers', () => {
  const root = fileURLToPath(new URL('../src', import.meta.url));
  const lines = sources(root)
    .sort()
    .flatMap((file) =>
      withoutText(readFileSync(file, 'utf8'))
        .split('\n')
        .map((line) => ({ file: relative(root, file).replaceAll(sep, '/'), line: line.trim() })),
    );
  const isTable = (file: string): boolean => file.startsWith('wire/versions/');

  test('ET-01 are compared only where the negotiated version is checked and where one is looked up', () => {
    const found = lines.filter(({ file, line }) => !isTable(file) && comparison.test(line));
    expect(found).toEqual([
      { file: 'wire/status.ts', line: 'if (remote.version !== version) {' },
      {
        file: 'wire/supported-versions.ts',
        line: 'const found = versions.find(({ version }) => version === number);',
      },
    ]);
  });

  test('ET-01 appear in no file but those of the versions', () => {
    expect(lines.filter(({ file, line }) => !isTable(file) && versionNumber.test(line))).toEqual([]);
    const tables = new Set(lines.map(({ file }) => file).filter(isTable));
    expect([...tables].sort()).toEqual([68, 69, 70].map((version) => `wire/versions/${version}.ts`));
  });

  test('ET-01 are not compared in the programs either', () => {
    const apps = fileURLToPath(new URL('../../../apps', import.meta.url));
    const found = sources(apps).filter((file) =>
      withoutText(readFileSync(file, 'utf8'))
        .split('\n')
        .some((line) => /\b(?:eth|channel)\w*\??\.version\b/.test(line) && comparison.test(line)),
    );
    expect(found).toEqual([]);
  });

  test.each([
    'if (version < 69) return;',
    'const isOld = this.#eth.version >= 70;',
    'return 69 <= schema.version ? a : b;',
    'if (name && this.version === oldest) {',
    'while (limit > version) {',
  ])('ET-01 a comparison is found: %s', (line) => {
    expect(comparison.test(line)).toBe(true);
  });

  test.each([
    'const versions = list.map(({ version }) => version);',
    'readonly version: EthVersion;',
    'const map: Map<number, EthVersion> = new Map();',
    'version: number | EthVersion,',
  ])('ET-01 nothing else is: %s', (line) => {
    expect(comparison.test(line)).toBe(false);
  });
});

test('ET-01 a version without block ranges has no BlockRangeUpdate', () => {
  expect(eth68.messages.blockRangeUpdate).toBeUndefined();
  expect(eth70.messages.blockRangeUpdate?.code).toBe(0x11);
});
