import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { formatEnode, parseEnode, parseEnr } from '@devp2p/enr';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type NodeStatus, statusText } from '../../src/cli/commands/status-text.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeSettings } from '../../src/node/options.ts';
import type { NodeInfo, PeerEventInfo, PeerInfo } from '../../src/rpc/namespaces/admin.ts';
import { ask, call, fakeControl, serve } from './servers.ts';

const genesis = fileURLToPath(new URL('../../demo/chain/genesis.json', import.meta.url));
const idle: NodeStatus['health'] = {
  healthy: true,
  status: 'ok',
  state: { name: 'synced', text: 'synced' },
  peers: { inbound: 0, outbound: 0 },
  head: { number: 0, hash: '0x' },
  sync: { running: false, phases: {} },
};
const everything = { port: 0, apis: ['admin', 'net', 'web3'] } as const;

async function rpc<T>(url: string | undefined, method: string, params?: unknown[]): Promise<T> {
  const { body } = await ask(url ?? '', { body: call(method, params) });
  const { result, error } = JSON.parse(body);
  if (error !== undefined) throw new Error(`${error.code} ${error.message}`);
  return result;
}

describe('calls to a running node', () => {
  let folder: string;
  let nodes: Node[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'admin-'));
    nodes = [];
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(name: string, options: Partial<NodeSettings> = {}): Promise<Node> {
    const node = await createNode({
      datadir: join(folder, name),
      genesis,
      host: '127.0.0.1',
      port: 0,
      discovery: false,
      http: everything,
      ws: everything,
      identity: name,
      ...options,
    });
    nodes.push(node);
    return node;
  }
  const hashOf = (node: Node): string => toHex(nobleCrypto.keccak256(parseEnode(node.enode).id));

  /** The events of a node, in order, from when they are subscribed to. */
  async function peerEvents(node: Node): Promise<() => Promise<PeerEventInfo>> {
    const socket = new WebSocket(node.endpoints.ws ?? '');
    const events: PeerEventInfo[] = [];
    let look = (): void => {};
    await new Promise<void>((resolve) => {
      socket.on('open', () => socket.send(call('admin_subscribe', ['peerEvents'])));
      socket.on('message', (data) => {
        const message = JSON.parse(data.toString());
        if (message.method === undefined) return resolve();
        events.push(message.params.result);
        look();
      });
    });
    return async () => {
      while (events.length === 0) {
        await new Promise<void>((resolve) => {
          look = resolve;
        });
      }
      return events.shift() as PeerEventInfo;
    };
  }

  test('ND-11 a node reports its identity and settings', async () => {
    const a = await start('a');
    const { http } = a.endpoints;
    const info = await rpc<NodeInfo>(http, 'admin_nodeInfo');
    const { id, tcp } = parseEnode(a.enode);
    expect(info).toMatchObject({
      id: hashOf(a),
      name: expect.stringContaining('devp2p-node/a/v'),
      enode: a.enode,
      ip: '127.0.0.1',
      ports: { discovery: 0, listener: tcp },
      listenAddr: `127.0.0.1:${tcp}`,
      protocols: {
        eth: {
          network: 7331,
          genesis: `0x${toHex(a.chain.genesisHash)}`,
          head: `0x${toHex(a.chain.head.hash)}`,
        },
      },
    });
    // The config of the genesis.json, except for a field that go-ethereum has dropped.
    const { terminalTotalDifficultyPassed: _, ...config } = JSON.parse(readFileSync(genesis, 'utf8')).config;
    expect(info.protocols.eth.config).toMatchObject(config);
    const record = parseEnr(info.enr, { crypto: nobleCrypto });
    expect(record).toMatchObject({ id, ip: '127.0.0.1', tcp });
    expect(await rpc(http, 'admin_datadir')).toBe(join(folder, 'a'));
    expect(await rpc(http, 'net_version')).toBe('7331');
    expect(await rpc(http, 'net_listening')).toBe(true);
    expect(await rpc(http, 'net_peerCount')).toBe('0x0');
    expect(await rpc(http, 'web3_clientVersion')).toBe(info.name);
  });

  test('ND-11 with discovery, the record is the one sent to other nodes', async () => {
    const a = await start('a', { discovery: true });
    const info = await rpc<NodeInfo>(a.endpoints.http, 'admin_nodeInfo');
    expect(info.enr).toBe(a.enr());
    expect(info.ports.discovery).toBeGreaterThan(0);
  });

  test('ND-11 a peer is added, shown on both sides, reported as an event, and removed permanently', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const [fromA, fromB] = [await peerEvents(a), await peerEvents(b)];
    expect(await rpc(b.endpoints.http, 'admin_addPeer', [a.enode])).toBe(true);
    const added = await fromB();
    expect(added).toEqual({
      type: 'add',
      peer: hashOf(a),
      local: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      remote: `127.0.0.1:${parseEnode(a.enode).tcp}`,
    });
    expect(await fromA()).toMatchObject({ type: 'add', peer: hashOf(b), remote: added.local });

    const [peer] = await rpc<PeerInfo[]>(b.endpoints.http, 'admin_peers');
    expect(peer).toEqual({
      enode: a.enode.replace('?discport=0', ''),
      id: hashOf(a),
      name: expect.stringContaining('devp2p-node/a/'),
      caps: ['eth/69', 'eth/70'],
      network: {
        localAddress: added.local,
        remoteAddress: added.remote,
        inbound: false,
        trusted: false,
        static: true,
      },
      protocols: {
        eth: {
          version: 70,
          earliestBlock: 0,
          latestBlock: 0,
          latestBlockHash: `0x${toHex(a.chain.genesisHash)}`,
        },
      },
      transactions: expect.objectContaining({ announced: 0, sentWhole: 0, included: 0, finalized: 0 }),
    });
    const [inbound] = await rpc<PeerInfo[]>(a.endpoints.http, 'admin_peers');
    expect(inbound?.network).toMatchObject({ inbound: true, static: false });
    expect(await rpc(a.endpoints.http, 'net_peerCount')).toBe('0x1');

    expect(await rpc(b.endpoints.http, 'admin_removePeer', [a.enode])).toBe(true);
    expect(await rpc(b.endpoints.http, 'admin_peers')).toEqual([]);
    const error = 'requested';
    expect(await fromB()).toMatchObject({ type: 'drop', peer: hashOf(a), error });
    expect(await fromA()).toMatchObject({ type: 'drop', peer: hashOf(b), error });
    // It can be added again.
    expect(await rpc(b.endpoints.http, 'admin_addPeer', [a.enode])).toBe(true);
    expect(await fromB()).toMatchObject({ type: 'add' });
  });

  test('CM-18 ND-11 a static peer that is added again is dialed at its new address', async () => {
    const gone = await start('gone');
    const { tcp: port } = parseEnode(gone.enode);
    await gone.close();
    const [a, b] = [await start('a'), await start('b')];
    const events = await peerEvents(b);
    const stale = formatEnode({ ...parseEnode(a.enode), tcp: port });
    expect(await rpc(b.endpoints.http, 'admin_addPeer', [stale])).toBe(true);
    expect(await rpc(b.endpoints.http, 'admin_addPeer', [a.enode])).toBe(true);
    expect(await events()).toMatchObject({ type: 'add', peer: hashOf(a) });
    // The key identifies the peer, so any address will do.
    expect(await rpc(b.endpoints.http, 'admin_removePeer', [stale])).toBe(true);
    expect(await rpc(b.endpoints.http, 'admin_peers')).toEqual([]);
  });

  test('ND-11 a peer that has dialed us becomes static by being added', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const events = await peerEvents(a);
    await rpc(b.endpoints.http, 'admin_addPeer', [a.enode]);
    await events();
    const flags = async () => {
      const [peer] = await rpc<PeerInfo[]>(a.endpoints.http, 'admin_peers');
      return [peer?.network.static, a.peers.list()[0]?.isStatic];
    };
    expect(await flags()).toEqual([false, false]);
    expect(await rpc(a.endpoints.http, 'admin_addPeer', [b.enode])).toBe(true);
    expect(await flags()).toEqual([true, true]);
  });

  test('ND-13 ND-16 a peer has one id in the log, in status and in admin', async () => {
    const a = await start('a');
    let logged = '';
    const log = { error() {}, warn() {}, debug() {}, trace() {} };
    const info = ({ id }: { id?: unknown }, message: string): void => {
      if (message === 'peer added') logged = String(id);
    };
    const b = await start('b', { staticNodes: [a.enode], logs: () => ({ ...log, info }) });
    await new Promise((resolve) => b.once('peer', resolve));
    const peers = await rpc<PeerInfo[]>(b.endpoints.http, 'admin_peers');
    expect(peers.map(({ id }) => id)).toEqual([hashOf(a)]);
    expect(logged).toBe(hashOf(a).slice(0, 16));
    const node = await rpc<NodeInfo>(b.endpoints.http, 'admin_nodeInfo');
    const health = { peers: { inbound: 0, outbound: 1 } } as NodeStatus['health'];
    const status = statusText({ node, peers, at: 0, health: { ...idle, ...health } });
    expect(status).toContain(`\n${logged}  devp2p-node/a/`);
  });

  test('ND-11 a trusted peer is accepted by a full node, and disconnected once it is no longer trusted', async () => {
    const full = await start('full', { maxPeers: 0 });
    const b = await start('b');
    const { http } = full.endpoints;
    const events = await peerEvents(full);
    expect(await rpc(http, 'admin_addTrustedPeer', [b.enode])).toBe(true);
    await rpc(b.endpoints.http, 'admin_addPeer', [full.enode]);
    expect(await events()).toMatchObject({ type: 'add', peer: hashOf(b) });
    const peers = async () => rpc<PeerInfo[]>(http, 'admin_peers');
    expect(await peers()).toMatchObject([{ network: { trusted: true, static: false } }]);
    expect(await rpc(http, 'admin_removeTrustedPeer', [b.enode])).toBe(true);
    expect(await events()).toMatchObject({ type: 'drop', peer: hashOf(b) });
    expect(await peers()).toEqual([]);
  });

  test('ND-11 HX-27 no response contains the node’s key', async () => {
    const a = await start('a', { metrics: { port: 0 } });
    const b = await start('b', { staticNodes: [a.enode] });
    await new Promise((resolve) => b.once('peer', resolve));
    const { http = '', metrics = '' } = a.endpoints;
    const methods = ['admin_nodeInfo', 'admin_peers', 'admin_datadir', 'web3_clientVersion'];
    const texts = await Promise.all([
      ...methods.map((method) => ask(http, { body: call(method) })),
      ...['/health', '/metrics'].map((path) => ask(metrics, { method: 'GET', path })),
    ]);
    const key = readFileSync(join(folder, 'a', 'nodekey'), 'utf8').trim();
    expect(key).toHaveLength(64);
    for (const { status, body } of texts) {
      expect(status).toBe(200);
      expect(body.toLowerCase()).not.toContain(key);
    }
  });

  test('HX-21 a failure because of a port in use leaves no socket open', async () => {
    const a = await start('a');
    const port = Number(new URL(a.endpoints.http ?? '').port);
    await expect(start('b', { http: { port } })).rejects.toMatchObject({
      data: { service: 'http', port, problem: 'in-use' },
    });
    await expect(start('b', { metrics: { port } })).rejects.toMatchObject({
      data: { service: 'metrics', port, problem: 'in-use' },
    });
    await start('b');
  });
});

describe('an invalid call is refused with its reason, and has no effect', () => {
  const own = formatEnode({ id: fakeControl().control.id, host: '192.0.2.7', tcp: 1, udp: 1 });
  const other = toHex(nobleCrypto.secp256k1.publicKey(new Uint8Array(32).fill(2)));

  test.each<[string, unknown[], string]>([
    ['admin_addPeer', [], 'missing value for required argument 0'],
    ['admin_addPeer', [7], 'invalid argument 0: expected an enode URL or ENR'],
    ['admin_addPeer', ['enode://12@192.0.2.7:1'], 'invalid argument 0: enode URL needs a public key'],
    ['admin_addPeer', [`enode://${other}@192.0.2.7:0`], 'expected a TCP port other than 0'],
    ['admin_addPeer', [`enode://${'12'.repeat(64)}@192.0.2.7:1`], 'invalid argument 0: enode URL'],
    ['admin_addPeer', ['enr:AAAA'], 'invalid argument 0: '],
    ['admin_addPeer', [own], 'invalid argument 0: this node cannot be its own peer'],
    ['admin_addPeer', [`enode://${other}@192.0.2.7:1`, 1], 'too many arguments, want at most 1'],
    ['admin_removePeer', ['192.0.2.7'], 'invalid argument 0: '],
    ['admin_addTrustedPeer', [own], 'this node cannot be its own peer'],
    ['admin_removeTrustedPeer', [null], 'missing value for required argument 0'],
    ['admin_nodeInfo', [1], 'too many arguments, want at most 0'],
    ['web3_sha3', ['12'], 'invalid argument 0: expected 0x and an even number of hex digits'],
    ['web3_sha3', ['0x1'], 'invalid argument 0: expected 0x and an even number of hex digits'],
  ])('ND-11 %s %j', async (method, params, message) => {
    const { control, calls } = fakeControl();
    const servers = await serve({ http: everything, control });
    const { body } = await ask(servers.http ?? '', { body: call(method, params) });
    const { error } = JSON.parse(body);
    expect(error.code).toBe(-32602);
    expect(error.message).toContain(message);
    expect(calls).toEqual([]);
    await servers.close();
  });

  test('ND-11 an enode with a host name and a record are accepted as well', async () => {
    const { control, calls } = fakeControl();
    const servers = await serve({ http: everything, control });
    const url = servers.http ?? '';
    await rpc(url, 'admin_addPeer', [`enode://${other}@node.example:30303`]);
    // EIP-778's example: 127.0.0.1, UDP port 30303 and no TCP port.
    const record =
      'enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5wBgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8';
    await rpc(url, 'admin_addTrustedPeer', [record]);
    await rpc(url, 'admin_removeTrustedPeer', [record]);
    expect(calls).toEqual(['add node.example:30303', 'trust 127.0.0.1', 'distrust 127.0.0.1']);
    await servers.close();
  });

  test('RP-30 ND-11 the network is shown by net, the program by web3', async () => {
    const servers = await serve({ http: { port: 0 } });
    expect(await rpc(servers.http, 'net_version')).toMatch(/^\d+$/);
    expect(await rpc(servers.http, 'net_listening')).toBe(true);
    expect(await rpc(servers.http, 'net_peerCount')).toMatch(/^0x(0|[1-9a-f][0-9a-f]*)$/);
    expect(await rpc(servers.http, 'web3_clientVersion')).toEqual(expect.any(String));
    await servers.close();
  });

  test('RP-30 ND-11 web3_sha3 is Keccak-256', async () => {
    const servers = await serve({ http: { port: 0 } });
    expect(await rpc(servers.http, 'web3_sha3', ['0x68656c6c6f20776f726c64'])).toBe(
      '0x47173285a8d7341e5e972fc677286384f802f8ef42a5ec5f03bbfa254cb01fad',
    );
    expect(await rpc(servers.http, 'web3_sha3', ['0x'])).toBe(
      '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
    );
    await servers.close();
  });
});
