import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nobleCrypto } from '@devp2p/crypto';
import { formatEnode, parseEnode } from '@devp2p/enr';
import { eth } from '@devp2p/eth';
import { type MessageStream, openPeer, protocol } from '@devp2p/peer';
import { connect } from '@devp2p/rlpx/tcp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeSettings } from '../../src/node/options.ts';
import { ask } from '../rpc/servers.ts';

const demo = fileURLToPath(new URL('../../demo/chain/', import.meta.url));
const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

let folder: string;
let nodes: Node[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'metrics-'));
  nodes = [];
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string, options: Partial<NodeSettings> = {}): Promise<Node> {
  const node = await createNode({
    datadir: join(folder, name),
    genesis: `${demo}genesis.json`,
    host: '127.0.0.1',
    port: 0,
    discovery: false,
    ...options,
  });
  nodes.push(node);
  return node;
}

const measured = { metrics: { port: 0 } } as const;

async function get(node: Node, path: string) {
  return ask(node.endpoints.metrics ?? '', { method: 'GET', path });
}

/** The values of a node's metrics by name and labels. */
async function read(node: Node): Promise<Map<string, number>> {
  const { body } = await get(node, '/metrics');
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** Waits until a metric has a value. @returns all metrics */
async function readOnce(node: Node, name: string, value: number): Promise<Map<string, number>> {
  for (;;) {
    const metrics = await read(node);
    if (metrics.get(name) === value) return metrics;
  }
}

test('ND-12 metrics of peers, traffic by protocol and code, chain and process', async () => {
  const a = await start('a', measured);
  const arrival = once(a, 'peer');
  const stream: MessageStream = await connect(a.enode, { privateKey: key(1) });
  const other = await openPeer(stream, { protocols: [eth({ chain: a.chain })] });
  const [peer] = await arrival;
  for (let i = 0; i < 3; i++) await other.eth.getHeaders({ origin: 0, amount: 1 });

  // The other end is in the same process and is not counted.
  const metrics = await read(a);
  expect(metrics.get('p2p_peers')).toBe(1);
  expect(metrics.get('p2p_peers_inbound')).toBe(1);
  expect(metrics.get('p2p_peers_outbound')).toBe(0);
  expect(metrics.get('chain_head_block')).toBe(0);
  expect(metrics.get('sync_running')).toBe(0);
  expect(metrics.get('p2p_dials_success')).toBe(0);
  expect(metrics.get('p2p_serves')).toBe(1);
  expect(metrics.get('p2p_serves_success')).toBe(1);
  expect(metrics.get('discover_table_nodes')).toBe(0);

  for (const code of [3, 4]) {
    const name = `${code === 3 ? 'ingress' : 'egress'}_eth_70_0x0${code}`;
    expect(metrics.get(`p2p_${name}_packets`)).toBe(3);
    const [counted] = peer.connection.stats.protocols[1].codes.filter((one: { code: number }) => one.code === code);
    const { bytes } = code === 3 ? counted.received : counted.sent;
    expect(bytes).toBeGreaterThan(0);
    expect(metrics.get(`p2p_${name}`)).toBe(bytes);
  }
  expect(metrics.get('p2p_ingress_p2p_5_0x00_packets')).toBe(1);
  const sum = [...metrics]
    .filter(([name]) => /^p2p_ingress_.*_0x[0-9a-f]{2}$/.test(name))
    .reduce((total, [, bytes]) => total + bytes, 0);
  expect(metrics.get('p2p_ingress')).toBe(sum);

  for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total']) {
    expect(metrics.get(name)).toBeGreaterThan(0);
  }
  expect(metrics.get('nodejs_eventloop_lag_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);

  // Traffic of a disconnected peer still counts.
  await other.disconnect('requested');
  const after = await readOnce(a, 'p2p_peers', 0);
  expect(after.get('p2p_egress_eth_70_0x04')).toBe(metrics.get('p2p_egress_eth_70_0x04'));
  expect(after.get('p2p_ingress')).toBeGreaterThanOrEqual(sum);
});

test('ND-12 failed connections are counted by cause', async () => {
  const a = await start('a', { ...measured, maxPeers: 0 });
  const { id, tcp } = parseEnode(a.enode);
  const nowhere = formatEnode({
    id: nobleCrypto.secp256k1.publicKey(key(9)),
    host: '127.0.0.1',
    tcp: 1,
    udp: 1,
  });

  const garbage = tcpConnect(tcp, '127.0.0.1');
  garbage.end(Buffer.alloc(1_000, 1));
  garbage.on('error', () => {});
  await readOnce(a, 'p2p_serves_error_rlpx_enc', 1);

  const full: MessageStream = await connect(a.enode, { privateKey: key(1) });
  await full.closed;
  await readOnce(a, 'p2p_serves_error_saturated', 1);
  await a.close();

  const b = await start('b', { ...measured, staticNodes: [nowhere] });
  await readOnce(b, 'p2p_dials_error_connection', 1);
  const useless = protocol({ name: 'chat', version: 1, length: 1, run: async () => {} });
  const stream = await connect(b.enode, { privateKey: key(2) });
  await openPeer(stream, { protocols: [useless] }).catch(() => {});
  await readOnce(b, 'p2p_serves_error_useless', 1);
  const other = await start('c', { networkId: 5n, staticNodes: [b.enode] });
  const metrics = await readOnce(b, 'eth_protocols_eth_ingress_handshake_error_network', 1);
  await other.close();

  expect(metrics.get('p2p_dials')).toBeGreaterThanOrEqual(1);
  const cause = (stage: string, name: string): number | undefined =>
    metrics.get(`p2p_handshake_errors{direction="inbound",stage="${stage}",cause="${name}"}`);
  expect(cause('status', 'network-mismatch')).toBe(1);
  expect(cause('hello', 'useless-peer')).toBe(1);
  expect(parseEnode(a.enode).id).toEqual(id);
});

test('ND-12 the number of metrics does not depend on received data', async () => {
  const a = await start('a', measured);
  const before = await read(a);
  for (let i = 0; i < 12; i++) {
    const stream = await connect(a.enode, { privateKey: key(i + 1) });
    const name = `own${i}`;
    const own = protocol({ name, version: i, length: 9, run: async () => {} });
    await openPeer(stream, { protocols: [own], clientId: `client-${i}` }).catch(() => {});
  }
  const after = await readOnce(a, 'p2p_serves_error_useless', 12);
  const added = [...after.keys()].filter((name) => !before.has(name));
  expect(added.filter((name) => !name.includes('cause="useless-peer"'))).toEqual([]);
});

test('ND-12 metrics and health are at the paths of Prometheus, go-ethereum and others', async () => {
  const a = await start('a', measured);
  for (const path of ['/metrics', '/debug/metrics/prometheus']) {
    const { status, headers, body } = await get(a, path);
    expect(status).toBe(200);
    expect(headers['content-type']).toContain('text/plain');
    expect(body).toContain('# TYPE p2p_peers gauge');
  }
  const health = await get(a, '/health');
  expect(health.status).toBe(200);
  expect(JSON.parse(health.body)).toEqual({
    healthy: true,
    status: 'waiting',
    pool: { pending: 0, queued: 0, blobs: 0 },
    state: {
      name: 'no-nodes-known',
      discovery: false,
      text: 'no peers: no nodes to dial, and discovery is off',
    },
    peers: { inbound: 0, outbound: 0 },
    head: { number: 0, hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) },
    sync: { running: false, phases: {} },
  });
  expect((await get(a, '/')).status).toBe(404);
  expect((await ask(a.endpoints.metrics ?? '', { path: '/metrics' })).status).toBe(405);
});

test('ND-12 JSON-RPC calls are counted', async () => {
  const a = await start('a', { ...measured, http: { port: 0 } });
  for (const method of ['net_version', 'net_version', 'none']) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method });
    await ask(a.endpoints.http ?? '', { body });
  }
  const metrics = await read(a);
  expect(metrics.get('rpc_requests')).toBe(3);
  expect(metrics.get('rpc_success')).toBe(2);
  expect(metrics.get('rpc_failure')).toBe(1);
});
