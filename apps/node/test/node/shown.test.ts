import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { toHex } from '@devp2p/bytes';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlockError, ChainError, createNode, type Node, NodeError, SyncError } from '../../src/index.ts';
import type { NodeSettings } from '../../src/node/options.ts';

const genesis = fileURLToPath(new URL('../../demo/chain/genesis.json', import.meta.url));

let folder: string;
let nodes: Node[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-'));
  nodes = [];
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string, options: Partial<NodeSettings>): Promise<Node> {
  const datadir = join(folder, name);
  const node = await createNode({ datadir, genesis, host: '127.0.0.1', port: 0, ...options });
  nodes.push(node);
  return node;
}

/** Text of both forms, after a check that they contain neither secrets nor bytes. */
function shown(value: object, secrets: readonly Uint8Array[]): { json: object; text: string } {
  const [json, text] = [JSON.stringify(value), inspect(value)];
  for (const secret of secrets) expect(json + text).not.toContain(toHex(secret));
  expect(text).not.toMatch(/Uint8Array|\[Function|Promise/);
  return { json: JSON.parse(json), text };
}

test('ND-01 a node, its chain and its peers are shown in a few lines, without secrets', async () => {
  const secrets = [5, 6].map((byte) => new Uint8Array(32).fill(byte));
  const [privateKey, jwtSecret] = secrets as [Uint8Array, Uint8Array];
  const a = await start('a', {});
  const b = await start('b', {
    ...{ privateKey, staticNodes: [a.enode], identity: 'bee' },
    authrpc: { host: '127.0.0.1', port: 0, jwtSecret },
  });
  const [peer] = await once(b, 'peer');

  const node = shown(b, secrets);
  const { number, hash } = b.chain.head;
  const chain = {
    ...{ networkId: '7331', genesis: `0x${toHex(b.chain.genesisHash)}` },
    head: { number, hash: `0x${toHex(hash)}` },
    range: { earliest: 0, latest: 0 },
  };
  expect(node.json).toEqual({
    ...{ enode: b.enode, enr: b.enr(), state: b.state(), chain, peers: 1 },
    endpoints: { authrpc: b.endpoints.authrpc },
  });
  expect(node.text).toMatch(/^Node \{/);
  expect(node.text.split('\n').length).toBeLessThan(40);
  expect(shown(b.chain, secrets)).toMatchObject({
    json: chain,
    text: expect.stringMatching(/^LocalChain \{/),
  });

  const found = shown(peer, secrets);
  expect(found.json).toMatchObject({
    ...{ id: toHex(peer.id), client: peer.client, inbound: false, static: true, delivered: 0 },
    eth: { version: 70, range: { earliest: 0, latest: 0 } },
  });
  expect(found.text).toMatch(/^NodePeer \{/);
  expect(found.text.split('\n').length).toBeLessThan(30);

  await b.close();
  expect(shown(b, secrets).json).toMatchObject({ enode: b.enode, state: { name: 'closing' } });
});

test.each([
  [new NodeError('static-self', 'a message'), {}],
  [new ChainError('closed', 'a message'), {}],
  [new SyncError('other-chain', 'a message'), {}],
  [new BlockError('number', 5, 'a reason'), { message: 'block 5: a reason', number: 5 }],
])('%s keeps its message in JSON', (error, more) => {
  const { name, code } = error;
  const json = { name, code, message: 'a message', ...more };
  expect(JSON.parse(JSON.stringify(error))).toEqual(json);
});
