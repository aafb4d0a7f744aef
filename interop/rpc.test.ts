import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildGeth, type Geth, startGeth, testChain } from './geth.ts';
import { startNode } from './node.ts';
import type { Program } from './program.ts';

let work: string;
let geth: Geth;
let ours: Program;
let url: string;

beforeAll(async () => {
  buildGeth();
  work = mkdtempSync(join(tmpdir(), 'devp2p-interop-'));
  const chain = testChain();
  geth = await startGeth(join(work, 'geth'), chain, { blocks: true });
  ours = startNode(join(work, 'node'), {
    genesis: chain.genesis,
    networkId: chain.networkId,
    flags: ['--http', '--http.port=0', '--http.api=admin,net,web3', '--nodiscover'],
  });
  const [, endpoint = ''] = await ours.line(/http server started endpoint=(\S+)/);
  url = `http://${endpoint}`;
}, 900_000);

afterAll(async () => {
  await Promise.all([geth?.stop(), ours?.stop()]);
  if (work !== undefined) rmSync(work, { recursive: true, force: true });
});

async function post(to: string, body: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(to, { method: 'POST', headers, body });
  return response.json();
}

async function ask(method: string, params: unknown[] = []): Promise<unknown> {
  const answer = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
  const { result, error } = answer as { result?: unknown; error?: unknown };
  if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
  return result;
}

/** The type of every field, by its path; the elements of a list share one. */
function shape(value: unknown, path = ''): Record<string, string> {
  if (Array.isArray(value)) {
    return Object.assign({ [path]: 'list' }, ...value.map((item) => shape(item, `${path}[]`)));
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([name, field]) => shape(field, `${path}.${name}`));
    return Object.assign({ [path]: 'object' }, ...fields);
  }
  return { [path]: typeof value };
}

/** Fields of go-ethereum for protocols that our node does not support. */
function withoutSnap(info: unknown): unknown {
  const { snap: _, ...protocols } = (info as { protocols: Record<string, unknown> }).protocols;
  return { ...(info as object), protocols };
}

/** Without the field for which go-ethereum has none. */
function withoutTransactions(info: unknown): unknown {
  const { transactions: _, ...rest } = info as Record<string, unknown>;
  return rest;
}

describe('the admin methods compared with geth', () => {
  test('ND-11 admin_nodeInfo has the fields of go-ethereum’s, and no others', async () => {
    const theirs = withoutSnap(await geth.rpc('admin_nodeInfo'));
    expect(shape(await ask('admin_nodeInfo'))).toEqual(shape(theirs));
  });

  test('ND-11 admin_peers has the fields of go-ethereum’s and the counts of transactions, inbound and outbound', async () => {
    const { enode } = (await ask('admin_nodeInfo')) as { enode: string };
    const both = async (method: string, node: { ours: string; theirs: string }) => {
      expect(await ask(method, [node.theirs])).toBe(await geth.rpc(method, [node.ours]));
    };
    for (const dialer of ['we', 'geth'] as const) {
      const node = { ours: enode, theirs: geth.enode };
      if (dialer === 'we') expect(await ask('admin_addPeer', [node.theirs])).toBe(true);
      else expect(await geth.rpc('admin_addPeer', [node.ours])).toBe(true);
      const [we, they] = await connected();
      expect(shape(we.map(withoutTransactions))).toEqual(shape(they.map(withoutSnap)));
      expect(we).toMatchObject([{ transactions: { announced: 0, sentWhole: 0, served: 0 } }]);
      // The peer of each is the other one's own description.
      expect(we).toMatchObject([{ network: { inbound: dialer !== 'we' } }]);
      expect(they).toMatchObject([{ network: { inbound: dialer === 'we' } }]);
      const [[us], [them]] = [they, we] as [{ id: string }[], { id: string }[]];
      expect(us?.id).toBe(((await ask('admin_nodeInfo')) as { id: string }).id);
      expect(them?.id).toBe(((await geth.rpc('admin_nodeInfo')) as { id: string }).id);
      await both('admin_removePeer', node);
      await apart();
    }
  });

  test.each(['net_version', 'net_listening', 'net_peerCount'])(
    'ND-11 %s answers in go-ethereum’s form',
    async (method) => {
      expect(await ask(method)).toEqual(await geth.rpc(method));
    },
  );

  test('ND-11 trusted peers are added and removed as go-ethereum does', async () => {
    const { enode } = (await ask('admin_nodeInfo')) as { enode: string };
    for (const method of ['admin_addTrustedPeer', 'admin_removeTrustedPeer']) {
      expect(await ask(method, [geth.enode])).toBe(await geth.rpc(method, [enode]));
    }
    expect(typeof (await ask('admin_datadir'))).toBe(typeof (await geth.rpc('admin_datadir')));
  });

  const call = (fields: object) => JSON.stringify({ jsonrpc: '2.0', id: 1, ...fields });
  test.each<[string, string]>([
    ['no JSON', '{'],
    ['an empty batch', '[]'],
    ['a batch of nothing', '[1, {}]'],
    ['no method', call({})],
    ['another version', call({ jsonrpc: '1.0', method: 'net_version' })],
    ['an object for an id', call({ id: {}, method: 'net_version' })],
    ['an unknown method', call({ method: 'net_none' })],
    ['named parameters', call({ method: 'net_version', params: { a: 1 } })],
    ['too many parameters', call({ method: 'net_version', params: [1] })],
    ['a parameter missing', call({ method: 'admin_addPeer' })],
    ['a subscription', call({ method: 'admin_subscribe', params: ['peerEvents'] })],
    [
      'a batch of 1,001',
      `[${Array(1_001)
        .fill(call({ method: 'net_version' }))
        .join(',')}]`,
    ],
    ['text for an id', call({ id: 'a', method: 'net_version' })],
    ['null for an id', call({ id: null, method: 'net_version' })],
  ])('ND-11 %s is answered with go-ethereum’s code', async (_, body) => {
    const outline = (answer: unknown): unknown =>
      Array.isArray(answer)
        ? answer.map(outline)
        : (({ id, result, error }) => ({ id, result, code: error?.code }))(
            answer as { id: unknown; result?: unknown; error?: { code: number } },
          );
    expect(outline(await post(url, body))).toEqual(outline(await post(geth.http, body)));
  });
});

/** The peers of our node and of geth, once both have completed a handshake. */
async function connected(): Promise<[unknown[], unknown[]]> {
  return until(([we, they]) => {
    const ready = (peers: unknown[]) => peers.length === 1 && !JSON.stringify(peers).includes('"handshake"');
    return ready(we) && ready(they);
  });
}

async function apart(): Promise<void> {
  await until(([we, they]) => we.length + they.length === 0);
}

async function until(done: (peers: [unknown[], unknown[]]) => boolean): Promise<[unknown[], unknown[]]> {
  for (;;) {
    const peers = (await Promise.all([ask('admin_peers'), geth.rpc('admin_peers')])) as [unknown[], unknown[]];
    if (done(peers)) return peers;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
