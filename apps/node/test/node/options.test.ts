import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNode } from '../../src/index.ts';
import type { NodeOptions } from '../../src/node/options.ts';

let datadir: string;
beforeEach(() => {
  datadir = mkdtempSync(join(tmpdir(), 'options-'));
});
afterEach(() => rmSync(datadir, { recursive: true }));

const hash = `0x${'00'.repeat(32)}`;
test.each<[string, Record<string, unknown>, string]>([
  ['a misspelt name', { maxPeer: 1 }, 'createNode has no option "maxPeer" (did you mean'],
  ['hex for a hash', { syncTarget: hash }, 'syncTarget is "0x000'],
  ['a number for a bigint', { networkId: 1 }, 'networkId is 1, expected a bigint'],
  ['a port out of range', { port: 65_536 }, 'port is 65536, expected an integer from 0 to 65535'],
  ['an object for a map', { requiredBlocks: { 5: hash } }, 'requiredBlocks is an object'],
  ['hex in a map', { requiredBlocks: new Map([[5, hash]]) }, 'requiredBlocks is '],
  ['a text for a list', { bootnodes: 'enode://…' }, 'bootnodes is "enode://…", expected an array'],
  ['a number in a list', { bootnodes: [7] }, 'bootnodes[0] is 7, expected a string'],
  ['a misspelt nested name', { http: { prot: 1 } }, 'http has no option "prot"'],
  ['a nested port out of range', { ws: { port: 65_536 } }, 'ws.port is 65536, expected an integer'],
  [
    'an unknown API',
    { http: { apis: ['net', 'admn'] } },
    'http.apis[1] is "admn", expected "admin" or "debug" or "eth"',
  ],
  ['a number for a node', { staticNodes: [7] }, 'staticNodes[0] is 7, expected an enode URL or Enode'],
  ['another network', { network: 'goerli' }, 'network is "goerli", expected "mainnet"'],
  ['two chains', { genesis: 'genesis.json' }, 'expected either genesis or network'],
  ['no chain', { network: undefined }, 'expected either genesis or network'],
  ['no datadir', { datadir: undefined }, 'datadir is undefined, expected a string'],
  ['an unknown NAT method', { nat: { method: 'pcp' } }, 'nat.method is "pcp"'],
  ['fewer than 3 networks for a public head', { headPeers: 2 }, 'headPeers is 2, expected at least 3 on a public'],
  ['no network for the head', { headPeers: 0 }, 'headPeers is 0, expected an integer from 1 to 64'],
  ['two heads', { headPeers: 3, syncTarget: new Uint8Array(32) }, 'expected not both headPeers and syncTarget'],
  ['too much extra data', { building: { extraData: new Uint8Array(33) } }, 'building.extraData is '],
  ['a source without transactions', { building: { transactions: {} } }, 'building.transactions is '],
  ['a key as text', { privateKey: 'c0ffee' }, 'privateKey is a string of 6 characters, expected'],
])('ND-01 createNode refuses %s, and opens no resource', async (_what, wrong, message) => {
  const options = { datadir, network: 'sepolia', ...wrong } as unknown as NodeOptions;
  await expect(createNode(options)).rejects.toMatchObject({
    name: 'NodeError',
    code: 'invalid-option',
    message: expect.stringContaining(message),
  });
  expect(readdirSync(datadir)).toEqual([]);
});

test('ND-01 createNode refuses missing options', async () => {
  const call = createNode as unknown as () => Promise<unknown>;
  await expect(call()).rejects.toMatchObject({ code: 'invalid-option' });
});
