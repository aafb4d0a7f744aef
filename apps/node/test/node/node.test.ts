import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fastCrypto } from '@devp2p/crypto/fast';
import { parseEnode } from '@devp2p/enr';
import { type Chain, eth } from '@devp2p/eth';
import { type MessageStream, openPeer } from '@devp2p/peer';
import { connect } from '@devp2p/rlpx/tcp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importFile } from '../../src/chain/files/import-file.ts';
import type { LogFields } from '../../src/logging/log.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeSettings } from '../../src/node/options.ts';

const demo = fileURLToPath(new URL('../../demo/chain/', import.meta.url));
const genesis = `${demo}genesis.json`;
const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

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

async function start(name: string, options: Partial<NodeSettings> & { genesis?: string } = {}) {
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

/** A log whose lines a test can wait for. */
function keptLog() {
  const lines: [string, LogFields][] = [];
  const waiting = new Map<string, (fields: LogFields) => void>();
  const write = (fields: LogFields, message: string): void => {
    lines.push([message, fields]);
    waiting.get(message)?.(fields);
  };
  const log = { error: write, warn: write, info: write, debug: write, trace: write };
  return {
    lines,
    logs: () => log,
    line: (message: string) =>
      new Promise<LogFields>((resolve) => {
        waiting.set(message, resolve);
      }),
  };
}

describe('ND-01 the packages together', () => {
  test('ND-01 two nodes connect over loopback, exchange Status messages and a chain', async () => {
    const a = await start('a');
    await importFile(a.chain, `${demo}chain.rlp.gz`, { crypto: fastCrypto });
    await importFile(a.chain, `${demo}receipts.rlp.gz`, { crypto: fastCrypto });

    const seenByA = once(a, 'peer');
    const phases = new Set<string>();
    const b = await start('b', {
      staticNodes: [a.enode],
      identity: 'bee',
      report: (phase) => phases.add(phase),
    });
    const synced = once(b, 'synced');
    const [peerOfA] = await seenByA;
    expect(peerOfA).toMatchObject({ inbound: true, isStatic: false });
    expect(peerOfA.client).toMatch(/^devp2p-node\/bee\/v\d.*\/node-v/);
    expect((await peerOfA.eth.status).networkId).toBe(7331n);

    expect((await synced)[0]).toMatchObject({ number: a.chain.head.number });
    expect(b.chain.head.hash).toEqual(a.chain.head.hash);
    expect(b.peers.list()).toMatchObject([{ inbound: false, isStatic: true }]);
    expect([...phases]).toEqual(['headers', 'blocks']);

    await a.close();
    expect(await peerOfA.closed).toMatchObject({ reason: 'quitting', direction: 'local' });
  });

  test('ND-01 a stream of @devp2p/rlpx is accepted by @devp2p/peer', async () => {
    const a = await start('a');
    // The compiler checks the types, and the test the behaviour.
    const stream: MessageStream = await connect(a.enode, { privateKey: key(1) });
    const chain: Chain = a.chain;
    const peer = await openPeer(stream, { protocols: [eth({ chain })] });
    expect(peer.hello.clientId).toMatch(/^devp2p-node\/v/);
    expect(peer.capabilities).toEqual([{ name: 'eth', version: 70 }]);
    const [first] = await peer.eth.getHeaders({ origin: 0, amount: 1 });
    expect(first?.hash).toEqual(a.chain.genesisHash);
    await peer.disconnect('requested');
  });

  test('ND-01 the node offers the configured eth versions', async () => {
    const a = await start('a', { ethVersions: [68] });
    const b = await start('b', { staticNodes: [a.enode], ethVersions: [70, 69, 68] });
    const [peer] = await once(b, 'peer');
    expect(peer.eth.version).toBe(68);
  });

  test('ND-01 a full node disconnects with "too many peers"', async () => {
    const a = await start('a', { maxPeers: 0 });
    const { logs, line } = keptLog();
    const dropped = line('peer dropped');
    await start('b', { staticNodes: [a.enode], logs });
    expect(await dropped).toMatchObject({ reason: 'too many peers', direction: 'remote' });
  });

  test('ND-01 connections that are silent after the RLPx handshake are closed for newer ones', async () => {
    const a = await start('a', { maxPendingPeers: 2 });
    const silent: MessageStream[] = [];
    for (const byte of [1, 2, 3]) {
      silent.push(await connect(a.enode, { privateKey: key(byte) }));
    }
    await silent[0]?.closed;
    const b = await start('b', { staticNodes: [a.enode] });
    await once(b, 'peer');
    for (const stream of silent) stream.destroy();
  });
});

describe('a failed start leaves no resource open', () => {
  test('HX-21 a port in use is named', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(start('a', { port })).rejects.toMatchObject({
      code: 'port-unavailable',
      message: `port ${port} on 127.0.0.1 is in use by another program`,
      data: { service: 'p2p', host: '127.0.0.1', port, problem: 'in-use' },
    });
    server.close();
    // The chain was closed.
    await start('a');
  });

  test('the error about an address of another machine names it', async () => {
    await expect(start('a', { host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'port-unavailable',
      message: expect.stringContaining('192.0.2.1'),
    });
  });

  test('ND-03 one datadir, one node', async () => {
    const a = await start('a');
    await expect(start('a')).rejects.toMatchObject({
      code: 'datadir-in-use',
      message: expect.stringContaining(`datadir ${join(folder, 'a')} is in use`),
    });
    await a.close();
    const again = await start('a');
    expect(parseEnode(again.enode).id).toEqual(parseEnode(a.enode).id);
  });

  test('ND-03 a datadir of another chain is named and not changed', async () => {
    await (await start('a')).close();
    const other = join(folder, 'other.json');
    writeFileSync(other, readFileSync(genesis, 'utf8').replace('"nonce": "0x0"', '"nonce": "0x1"'));
    await expect(start('a', { genesis: other })).rejects.toMatchObject({ code: 'other-genesis' });
    await start('a');
  });

  test('an abort during the start closes the open resources, and createNode rejects with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('interrupted');
    const log = {
      ...keptLog().logs(),
      info(_fields: LogFields, message: string): void {
        // Half-way: chain and databases are open, sync and servers are not.
        if (message === 'listening') controller.abort(reason);
      },
    };
    const opening = start('a', { signal: controller.signal, logs: () => log });
    await expect(opening).rejects.toBe(reason);
    await start('a');
  });

  test('its own enode as a static node is refused', async () => {
    const id = Buffer.from(fastCrypto.secp256k1.publicKey(key(1))).toString('hex');
    const staticNodes = [`enode://${id}@127.0.0.1:1`];
    await expect(start('a', { staticNodes, privateKey: key(1) })).rejects.toMatchObject({
      code: 'static-self',
      message: expect.stringContaining(`enode://${id}@127.0.0.1:1`),
    });
  });
});

describe('an incompatible remote is logged with the cause', () => {
  test.each([
    ['network', { networkId: 5n }],
    ['genesis', { genesis: 'other.json', networkId: 7331n }],
  ])('ET-03 another %s', async (what, options: Partial<NodeSettings> & { genesis?: string }) => {
    const text = readFileSync(genesis, 'utf8').replace('"nonce": "0x0"', '"nonce": "0x1"');
    writeFileSync(join(folder, 'other.json'), text);
    const given = options.genesis && { genesis: join(folder, options.genesis) };
    const [logA, logB] = [keptLog(), keptLog()];
    const dropped = Promise.all([logA.line('peer dropped'), logB.line('peer dropped')]);
    const a = await start('a', { logs: logA.logs });
    await start('b', { ...options, ...given, staticNodes: [a.enode], logs: logB.logs });
    const ends = await dropped;
    expect(ends.map(({ reason }) => reason)).toEqual(['useless peer', 'useless peer']);
    // The side that checks first logs the cause. The other may be disconnected before it checks.
    expect(ends.map(({ error }) => error).join()).toContain(what);
    expect(a.peers.list()).toEqual([]);
  });
});

test('ND-14 a second close has no effect, and peers receive Disconnect', async () => {
  const a = await start('a');
  const b = await start('b', { staticNodes: [a.enode] });
  const [peer] = await once(b, 'peer');
  await Promise.all([a.close(), a.close()]);
  expect(await peer.closed).toMatchObject({ reason: 'quitting', direction: 'remote' });
});
