import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHex, toHex } from '@devp2p/bytes';
import { fastCrypto } from '@devp2p/crypto/fast';
import { formatTreeUrl, makeTree, txtStrings } from '@devp2p/dnsdisc';
import { parseEnode, parseEnr } from '@devp2p/enr';
import { forkId } from '@devp2p/eth';
import { parseIpRanges } from '@devp2p/ip';
import { connect } from '@devp2p/rlpx/tcp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importFile } from '../../src/chain/files/import-file.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeSettings } from '../../src/node/options.ts';

const demo = fileURLToPath(new URL('../../demo/chain/', import.meta.url));
const genesis = `${demo}genesis.json`;
const head = fromHex('e1342c12641f386d2db37ab49b15a23e5c969f3c3a12acc7d0a07be567e20397');

let folder: string;
let nodes: Node[];
const sockets: Socket[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'discovery-'));
  nodes = [];
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  for (const socket of sockets.splice(0)) socket.close();
  rmSync(folder, { recursive: true, force: true });
});

type Options = Partial<NodeSettings> & { genesis?: string };

async function start(name: string, options: Options = {}): Promise<Node> {
  const node = await createNode({
    datadir: join(folder, name),
    genesis,
    host: '127.0.0.1',
    port: 0,
    ...options,
  });
  nodes.push(node);
  return node;
}

/** Takes a UDP port. */
async function taken(): Promise<number> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

/** Whether the UDP port is free. */
async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  const free = once(socket, 'listening').then(
    () => true,
    () => false,
  );
  socket.bind({ port, address: '127.0.0.1', exclusive: true });
  const result = await free;
  socket.close();
  return result;
}

describe('CM-18 static nodes', () => {
  test('CM-18 a static node with a new address is found by discovery, and dialed there', async () => {
    const boot = await start('boot', { maxPeers: 0 });
    const bootnodes = [boot.enode];
    const a = await start('a', { bootnodes, dialFound: false });
    const { id, host, tcp, udp } = parseEnode(a.enode);
    // The old address, at which no node listens, neither over TCP nor over UDP.
    const stale = { id, host, tcp: (tcp % 60_000) + 1_024, udp: await taken() };
    expect(stale.udp).not.toBe(udp);
    const b = await start('b', { bootnodes, dialFound: false, staticNodes: [stale] });
    const [peer] = await once(b, 'peer');
    expect(peer.connection.remoteAddress).toMatchObject({ host, port: tcp });
    expect(peer.isStatic).toBe(true);
  });
});

describe('ND-01 nodes find each other', () => {
  test('ND-01 two nodes with only a boot node find each other, and one syncs from the other', async () => {
    const boot = await start('boot', { maxPeers: 0 });
    const bootnodes = [boot.enode];
    const a = await start('a', { bootnodes });
    await importFile(a.chain, `${demo}chain.rlp.gz`, { crypto: fastCrypto });
    await importFile(a.chain, `${demo}receipts.rlp.gz`, { crypto: fastCrypto });
    const b = await start('b', { bootnodes, syncTarget: head });
    await once(b, 'synced');
    expect(b.chain.head.hash).toEqual(a.chain.head.hash);
    expect(b.peers.list()).toMatchObject([{ isStatic: false }]);
    expect(boot.peers.list()).toEqual([]);
  });
});

describe('ND-01 nodes in DNS', () => {
  test('ND-01 a node on a list is dialed, one of another chain is not; a failed query is repeated', async () => {
    const a = await start('a');
    const text = readFileSync(genesis, 'utf8').replace('"nonce": "0x0"', '"nonce": "0x1"');
    const other = join(folder, 'other.json');
    writeFileSync(other, text);
    const b = await start('b', { genesis: other });
    const strangers = once(b, 'peer');
    const records = [a, b].map((node) => parseEnr(node.enr()));
    const privateKey = new Uint8Array(32).fill(1);
    const { publicKey, root, entries } = makeTree(records, [], { seq: 1n, privateKey });
    const domain = 'nodes.example.org';
    let failures = 0;
    const asked = new Set<string>();
    const resolveTxt = async (name: string): Promise<string[][]> => {
      if (failures++ === 0) throw new Error('no server answers');
      asked.add(name);
      const found = name === domain ? root : entries.get(name.slice(0, -domain.length - 1));
      return found === undefined ? [] : [txtStrings(found)];
    };
    const dnsLists = [formatTreeUrl({ publicKey, domain })];
    const c = await start('c', { dnsLists, resolveTxt });
    const [peer] = await once(c, 'peer');
    expect(peer.id).toEqual(parseEnode(a.enode).id);
    expect(await Promise.race([strangers, 'nobody'])).toBe('nobody');
    expect(asked).toContain(domain);
  });
});

describe('ND-02 the settings of discovery', () => {
  test('ND-02 without discovery no UDP port is open, and the enode has none', async () => {
    const a = await start('a', { discovery: false });
    const { tcp, udp } = parseEnode(a.enode);
    expect(udp).toBe(0);
    expect(parseEnr(a.enr())).toMatchObject({ ip: '127.0.0.1', tcp, udp: undefined });
    expect(await isFree(tcp)).toBe(true);
  });

  test('ND-02 the UDP port is the TCP port, the configured one, or with port 0 any free port', async () => {
    const a = await start('a');
    const ports = parseEnode(a.enode);
    expect(ports.udp).toBe(ports.tcp);
    expect(await isFree(ports.udp)).toBe(false);
    const port = await taken();
    await expect(start('b', { discoveryPort: port })).rejects.toMatchObject({
      code: 'port-unavailable',
      message: `UDP port ${port} on 127.0.0.1 is in use by another program`,
      data: { service: 'discovery', host: '127.0.0.1', port, problem: 'in-use' },
    });
    // All sockets were closed.
    const b = await start('b', { discoveryPort: 0 });
    expect(parseEnode(b.enode).udp).toBeGreaterThan(0);
    expect(parseEnr(b.enr())).toMatchObject({ ip: '127.0.0.1', ...portsOf(b) });
  });

  test('ND-02 an external address goes into the record and the enode', async () => {
    const a = await start('a', { externalIp: '192.0.2.7' });
    expect(parseEnr(a.enr()).ip).toBe('192.0.2.7');
    expect(parseEnode(a.enode).host).toBe('192.0.2.7');
    const b = await start('b', { externalIp: '2001:db8::7' });
    expect(parseEnr(b.enr()).ip6).toBe('2001:db8::7');
  });

  test.each([
    [{ bootnodes: ['enode://12'] }, { name: 'EnodeError' }],
    [{ bootnodes: ['enr:-12'] }, { name: 'EnrError' }],
    [{ dnsLists: ['enrtree://x@y'] }, { name: 'DnsdiscError', code: 'invalid-key' }],
  ])('ND-02 a start with %j fails, and leaves no socket open', async (options, error) => {
    await expect(start('a', options)).rejects.toMatchObject(error);
    await start('a');
  });

  test('ND-02 nodes outside netRestrict are neither dialed nor accepted', async () => {
    const netRestrict = parseIpRanges('10.0.0.0/8');
    const boot = await start('boot', { maxPeers: 0 });
    const a = await start('a', { bootnodes: [boot.enode], netRestrict });
    const b = await start('b', { bootnodes: [boot.enode] });
    const c = await start('c', { bootnodes: [boot.enode] });
    // By the time that the other two are connected, either could have connected to the first as well.
    await Promise.race([once(b, 'peer'), once(c, 'peer')]);
    expect(a.peers.list()).toEqual([]);
    await expect(connect(a.enode, { privateKey: new Uint8Array(32).fill(1) })).rejects.toThrow();
  });
});

describe('D4-18 the record of the node', () => {
  test('D4-18 has the fork id of the head, and a higher number after each change and restart', async () => {
    const a = await start('a', { discoveryPort: 0 });
    const { chain } = a;
    const { hash } = forkId(chain.genesisHash, chain.forks, { number: 0, time: 0 });
    const first = parseEnr(a.enr());
    expect(first.eth?.hash).toEqual(fromHex(hash.toString(16).padStart(8, '0')));
    await a.close();
    const again = await start('a', { port: 0, externalIp: '192.0.2.7' });
    const second = parseEnr(again.enr());
    expect(second.seq).toBe(first.seq + 1n);
    expect(second.eth).toEqual(first.eth);
  });

  test('D4-18 has a sequence number that grows with every change of the entries, and only then', async () => {
    const starts: readonly Options[] = [
      { discovery: false, externalIp: '192.0.2.7' },
      { discovery: false, externalIp: '192.0.2.8' },
      { discovery: false, externalIp: '192.0.2.8' },
      { externalIp: '192.0.2.8' },
      { externalIp: '192.0.2.8', discoveryPort: 0 },
      { discovery: false, externalIp: '2001:db8::7' },
      { discovery: false },
      {},
      { discovery: false, externalIp: '192.0.2.7' },
    ];
    const port = await taken();
    for (const socket of sockets.splice(0)) socket.close();
    const seen = new Map<string, string>();
    let last: { seq: bigint; content: string } | undefined;
    for (const options of starts) {
      const node = await start('a', { port, ...options });
      const text = node.enr();
      const { seq, pairs } = parseEnr(text);
      await node.close();
      const content = [...pairs].map(([name, value]) => `${name}=${toHex(value)}`).join();
      if (last !== undefined) expect(seq).toBe(last.seq + (content === last.content ? 0n : 1n));
      // There is only one record for a sequence number.
      expect(seen.get(`${seq}`) ?? text).toBe(text);
      seen.set(`${seq}`, text);
      last = { seq, content };
    }
    expect(seen.size).toBeGreaterThan(5);
  });

  test('D4-18 follows the fork id of the head without discovery, too', async () => {
    const a = await start('a', { discovery: false });
    const before = parseEnr(a.enr());
    await importFile(a.chain, `${demo}chain.rlp.gz`, { crypto: fastCrypto });
    const { chain } = a;
    const { number, timestamp: time } = chain.head;
    const { hash } = forkId(chain.genesisHash, chain.forks, { number, time });
    await expect.poll(() => parseEnr(a.enr()).eth?.hash).toEqual(fromHex(hash.toString(16).padStart(8, '0')));
    expect(parseEnr(a.enr()).seq).toBeGreaterThan(before.seq);
  });
});

function portsOf(node: Node): { tcp: number; udp: number } {
  const { tcp, udp } = parseEnode(node.enode);
  return { tcp, udp };
}
