import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reader } from '@devp2p/rlp';
import { beforeAll, expect, test } from 'vitest';
import { paramsOf } from './engine-calls.ts';
import { binary } from './geth.ts';
import { askEngine } from './json-rpc.ts';
import { main } from './node.ts';
import { Scene } from './scene.ts';

const scene = new Scene();

/** Datadirs of a geth and of a node of ours that has read its export. */
let theirs: string;
let ours: string;
/** The exported files of both. */
let [exported, again]: [string, string] = ['', ''];

const geth = (datadir: string, ...args: string[]) =>
  execFileSync(binary, ['--datadir', datadir, '--networkid', scene.chain.networkId, ...args], {
    stdio: 'pipe',
  });
const node = (datadir: string, ...args: string[]) =>
  execFileSync(process.execPath, [main, ...args, `--datadir=${datadir}`, `--genesis=${scene.chain.genesis}`], {
    encoding: 'utf8',
    stdio: 'pipe',
  });

beforeAll(() => {
  [theirs, ours] = [scene.newDatadir(), scene.newDatadir()];
  [exported, again] = [join(scene.folder, 'geth.rlp'), join(scene.folder, 'ours.rlp')];
  geth(theirs, 'init', scene.chain.genesis);
  geth(theirs, 'import', scene.chain.blocks);
  geth(theirs, 'export', exported);
  expect(node(ours, 'import', exported)).toContain(
    `imported number=${scene.chain.headNumber} hash=${scene.chain.headHash} blocks=600`,
  );
  node(ours, 'export', again);
}, 120_000);

/** The items of a file of RLP. */
function items(file: Uint8Array): Uint8Array[] {
  const reader = new Reader(file);
  const found: Uint8Array[] = [];
  while (!reader.done) found.push(reader.item());
  return found;
}

test("FK-06 ND-18 our node exports the blocks that it has imported from a geth's export, byte for byte", () => {
  const [theirs, ours] = [exported, again].map((file) => items(readFileSync(file)));
  // geth writes the genesis as well.
  expect(theirs).toHaveLength(scene.chain.headNumber + 1);
  expect(ours?.map((item) => Buffer.from(item).toString('base64'))).toEqual(
    theirs?.slice(1).map((item) => Buffer.from(item).toString('base64')),
  );
  const parts = (item: Uint8Array | undefined) => {
    const reader = new Reader(item ?? new Uint8Array());
    reader.enterList();
    let count = 0;
    for (; !reader.done; count++) reader.skip();
    return count;
  };
  const { amsterdam } = scene.chain;
  expect(theirs?.map(parts).slice(amsterdam - 1, amsterdam + 1)).toEqual([4, 5]);
});

test.each(['', '.gz'])('FK-06 ND-18 geth imports the export of our node%s', (suffix) => {
  const [datadir, file] = [scene.newDatadir(), join(scene.folder, `again.rlp${suffix}`)];
  node(ours, 'export', file);
  geth(datadir, 'init', scene.chain.genesis);
  geth(datadir, 'import', file);
  const copy = join(scene.folder, `copy${suffix === '' ? '' : '-gz'}.rlp`);
  geth(datadir, 'export', copy);
  expect(readFileSync(copy).equals(readFileSync(exported))).toBe(true);
});

test("EN-23 FK-06 our node and geth return the same payload bodies for the blocks of a geth's export", async () => {
  const source = await scene.startGeth({ blocks: true });
  const { engine } = await scene.startEngineNode([], ours);
  const hashes = scene.chain.payloads.map((call) => paramsOf(call)[0].blockHash);
  for (const [method, params] of [
    ['engine_getPayloadBodiesByRangeV1', ['0x1', '0x400']],
    ['engine_getPayloadBodiesByRangeV2', ['0x1', '0x400']],
    ['engine_getPayloadBodiesByHashV1', [[...hashes.slice(1), `0x${'11'.repeat(32)}`]]],
    ['engine_getPayloadBodiesByHashV2', [[...hashes.slice(1), `0x${'11'.repeat(32)}`]]],
  ] as const) {
    const [theirs, we] = await Promise.all(
      [source.engine, engine].map(async (server) => {
        const { result } = await askEngine(server, { method, params });
        return (result as unknown[]).map((body) => JSON.stringify(body, sorted));
      }),
    );
    expect(we?.length).toBeGreaterThanOrEqual(scene.chain.headNumber);
    const different = we?.filter((body, i) => body !== theirs?.[i]) ?? [];
    expect({ method, different: different.length, first: different[0] }).toEqual({
      method,
      different: 0,
      first: undefined,
    });
  }
});

/** Makes `JSON.stringify` write the fields in a fixed order. */
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
