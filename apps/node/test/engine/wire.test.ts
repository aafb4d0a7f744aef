import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHex, toHex } from '@devp2p/bytes';
import { systemClock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openChain } from '../../src/chain/chain.ts';
import { importFile } from '../../src/chain/files/import-file.ts';
import { parseGenesis } from '../../src/config/genesis/genesis.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import { ask, call, dial } from '../rpc/servers.ts';
import { bearer } from '../rpc/token.ts';

const path = (name: string): string => fileURLToPath(new URL(`../chain/fixtures/${name}`, import.meta.url));
/** Blocks 0 to 36 of the test chain of go-ethereum v1.17.10; Amsterdam begins with block 36. */
const [genesis, file] = [path('geth-export-genesis.json'), path('geth-export.rlp')];
const local = { genesis, host: '127.0.0.1', port: 0, discovery: false } as const;

/** That chain's headfcu.json: its head is block 600, which we lack. */
const headfcu = {
  jsonrpc: '2.0',
  id: 'fcu600',
  method: 'engine_forkchoiceUpdatedV4',
  params: [
    {
      headBlockHash: '0x9d78f73579811aa17b112188ce020cda4362b0d57a4a339a0c3911c4ace7220c',
      safeBlockHash: '0x9d78f73579811aa17b112188ce020cda4362b0d57a4a339a0c3911c4ace7220c',
      finalizedBlockHash: '0x9d78f73579811aa17b112188ce020cda4362b0d57a4a339a0c3911c4ace7220c',
    },
    null,
    null,
  ],
};
const status = { status: 'SYNCING', latestValidHash: null, validationError: null };
const answer = { jsonrpc: '2.0', id: 'fcu600', result: { payloadStatus: status, payloadId: null } };

let datadir: string;
let node: Node;
let url: string;
let headers: { authorization: string };
beforeAll(async () => {
  datadir = mkdtempSync(join(tmpdir(), 'wire-'));
  const location = join(datadir, 'chain');
  const rules = parseGenesis(readFileSync(genesis, 'utf8'), crypto);
  const chain = await openChain({ location, genesis: rules, clock: systemClock, crypto });
  await importFile(chain, file, { crypto });
  await chain.close();
  node = await createNode({ ...local, datadir, authrpc: { port: 0 } });
  url = node.endpoints.authrpc ?? '';
  headers = bearer(fromHex(readFileSync(join(datadir, 'jwtsecret'), 'utf8').trim()));
});
afterAll(async () => {
  await node.close();
  rmSync(datadir, { recursive: true, force: true });
});

const post = async (body: unknown): Promise<unknown> =>
  JSON.parse((await ask(url, { headers, body: JSON.stringify(body) })).body);
const result = async (method: string, ...params: unknown[]): Promise<unknown> =>
  ((await post(JSON.parse(call(method, params)))) as { result: unknown }).result;

describe('a chain that reaches Amsterdam', () => {
  test('EN-18 FK-17 go-ethereum’s headfcu.json is SYNCING, with any last parameters', async () => {
    const [state] = headfcu.params;
    for (const params of [headfcu.params, [state], [state, null], [state, null, `0x${'ff'.repeat(16)}`]]) {
      expect(await post({ ...headfcu, params })).toEqual(answer);
    }
    expect(await post({ ...headfcu, params: [state, null, '0xff'] })).toMatchObject({
      error: { code: -32602 },
    });
    const list = await result('engine_exchangeCapabilities', []);
    expect(list).toContain('engine_forkchoiceUpdatedV4');
    expect(list).toContain('engine_newPayloadV5');
    expect(node.sync.target?.hash).toEqual(fromHex(String(state?.headBlockHash).slice(2)));
  });

  test('EN-01 EN-23 FK-17 block 36 has its access list in the second version of bodies', async () => {
    const block = (await result('eth_getBlockByNumber', '0x24', true)) as {
      hash: string;
      blockAccessListHash: string;
      transactions: { hash: string; from: string }[];
    };
    const [body] = (await result('engine_getPayloadBodiesByHashV2', [block.hash])) as {
      blockAccessList: string;
      transactions: string[];
    }[];
    const hashOf = (text: string): string => `0x${toHex(crypto.keccak256(fromHex(text.slice(2))))}`;
    expect(hashOf(body?.blockAccessList ?? '')).toBe(block.blockAccessListHash);
    expect(body?.transactions.map(hashOf)).toEqual(block.transactions.map(({ hash }) => hash));
    const [before] = (await result('engine_getPayloadBodiesByRangeV2', '0x23', '0x1')) as object[];
    expect(before).toMatchObject({ blockAccessList: null });
    const [first] = (await result('engine_getPayloadBodiesByHashV1', [block.hash])) as object[];
    expect(first).not.toHaveProperty('blockAccessList');
  });

  test('EN-01 EN-26 HTTP and WebSocket return the same', async () => {
    const { socket, next } = await dial(url.replace('http', 'ws'), { headers });
    const client = { code: 'LH', name: 'Lighthouse', version: 'v8', commit: '0xfa4ff922' };
    for (const [method, params] of [
      ['eth_chainId', []],
      ['eth_blockNumber', []],
      ['eth_syncing', []],
      ['eth_getBlockByNumber', ['latest', false]],
      ['eth_getLogs', [{ fromBlock: 'earliest', toBlock: 'earliest' }]],
      ['eth_call', [{}, 'latest']],
      ['engine_getClientVersionV1', [client]],
      ['engine_getPayloadV4', ['0x0000000000000000']],
    ] as const) {
      const text = call(method, [...params]);
      socket.send(text);
      expect(await next()).toEqual(await post(JSON.parse(text)));
    }
    socket.close();
  });
});

test('EN-04 EN-38 a payload of 8 MiB gets a response, and other calls are answered in the meantime', async () => {
  const transaction = `0x02${'00'.repeat(4 * 1024 * 1024)}`;
  const hash = `0x${'11'.repeat(32)}`;
  const payload = {
    ...{ parentHash: hash, feeRecipient: `0x${'00'.repeat(20)}`, stateRoot: hash },
    ...{ receiptsRoot: hash, logsBloom: `0x${'00'.repeat(256)}`, prevRandao: hash },
    ...{ blockNumber: '0x1', gasLimit: '0x1', gasUsed: '0x1', timestamp: '0x1' },
    ...{ extraData: '0x', baseFeePerGas: '0x1', blockHash: hash, withdrawals: [] },
    transactions: [transaction],
  };
  const large = post(JSON.parse(call('engine_newPayloadV2', [payload])));
  const others = Array.from({ length: 50 }, () => post(headfcu));
  expect(await large).toMatchObject({ result: { status: 'INVALID' } });
  for (const other of others) expect(await other).toEqual(answer);
});

describe('a port in use', () => {
  const port = (): number => Number(new URL(url).port);
  const start = async (authrpc: { optional?: boolean }) => {
    const warnings: string[] = [];
    const log = { error() {}, info() {}, debug() {}, trace() {} };
    const folder = mkdtempSync(join(tmpdir(), 'wire-'));
    const warn = (_: unknown, text: string): void => void warnings.push(text);
    try {
      await using other = await createNode({
        ...{ ...local, datadir: folder, logs: () => ({ ...log, warn }) },
        authrpc: { port: port(), ...authrpc },
      });
      return { warnings, endpoints: other.endpoints };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  test('EN-01 HX-21 if it is optional, one warning names it, and the node continues', async () => {
    const { warnings, endpoints } = await start({ optional: true });
    expect(endpoints.authrpc).toBeUndefined();
    expect(warnings).toEqual([
      `no consensus client can connect: authrpc port ${port()} on 127.0.0.1 is in use by another program`,
    ]);
  });

  test('EN-01 HX-21 if it was requested, it is an error', async () => {
    await expect(start({})).rejects.toMatchObject({ code: 'port-unavailable' });
  });
});
