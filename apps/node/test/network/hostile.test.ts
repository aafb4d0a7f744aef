import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { type Enode, parseEnode } from '@devp2p/enr';
import { type EthPeer, eth } from '@devp2p/eth';
import { openPeer, type Peer } from '@devp2p/peer';
import { connect } from '@devp2p/rlpx/tcp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNode, type Node } from '../../src/node/node.ts';
import { blocks, genesisFile } from '../sync/demo-blocks.ts';

let folder: string;
let clock: VirtualClock;
let node: Node;
let honest: Peer & { readonly eth: EthPeer };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'node-'));
  clock = createVirtualClock();
  node = await createNode({
    datadir: join(folder, 'node'),
    genesis: genesisFile,
    host: '127.0.0.1',
    port: 0,
    clock,
  });
  await node.chain.append(blocks.slice(1));
  honest = await dial(parseEnode(node.enode));
});

afterAll(async () => {
  await honest?.disconnect('requested');
  await node?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function dial(enode: Enode): Promise<Peer & { readonly eth: EthPeer }> {
  const options = { privateKey: generatePrivateKey(), crypto: fastCrypto, clock };
  const stream = await connect(enode, options);
  const peer = await openPeer(stream, { protocols: [eth({ chain: node.chain, clock })], clock });
  await peer.eth.status;
  return peer;
}

/** Behaviour of a remote after a number of correct bytes. */
type Turn = 'garbage' | 'silence' | 'end';

/** A proxy between an honest client and the node: forwards `cut` bytes to the node, and then misbehaves. */
async function misbehaving(cut: number, turn: Turn): Promise<{ enode: Enode; ended: Promise<void> }> {
  const target = parseEnode(node.enode);
  let onEnded = (): void => {};
  const ended = new Promise<void>((resolve) => {
    onEnded = resolve;
  });
  const server = createServer((client: Socket) => {
    server.close();
    const upstream = connectSocket(target.tcp, target.host);
    let left = cut;
    client.on('data', (chunk) => {
      if (left <= 0) return;
      upstream.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) return;
      if (turn === 'garbage') upstream.write(Buffer.alloc(4096, 0xa5));
      if (turn === 'end') upstream.end();
    });
    upstream.on('data', (chunk) => client.write(chunk));
    upstream.on('error', () => {});
    client.on('error', () => {});
    upstream.on('close', () => {
      client.destroy();
      onEnded();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { enode: { ...target, host: '127.0.0.1', tcp: port }, ended };
}

// Bytes that a dialer writes: auth up to about 600, Hello up to about 800, then Status and requests.
const cuts = [1, 2, 100, 306, 420, 640, 700, 780, 850, 900, 1_000, 1_200];

test.each(['garbage', 'silence', 'end'] as const)(
  'HX-02, HX-11 a remote whose stream turns to %s at any step costs no more than its own connection',
  async (turn) => {
    const attacks = await Promise.all(
      cuts.map(async (cut) => {
        const { enode, ended } = await misbehaving(cut, turn);
        const attack = dial(enode)
          .then(async (peer) => {
            // Sends requests until the connection ends, so that later cuts are reached.
            for (;;) await peer.eth.getHeaders({ origin: 0, amount: 1 });
          })
          .catch(() => {});
        return { attack, ended };
      }),
    );
    let over = 0;
    for (const { ended } of attacks) void ended.then(() => over++);
    // The honest peer is served in each second of two minutes.
    for (let second = 0; second < 120; second++) {
      const headers = await honest.eth.getHeaders({ origin: second, amount: 2 });
      expect(headers.map(({ number }) => number)).toEqual([second, second + 1]);
      await clock.advance(1_000);
    }
    expect(over).toBe(cuts.length);
    await Promise.all(attacks.map(({ attack }) => attack));
    expect(node.peers.list().map(({ id }) => id)).toHaveLength(1);
    const newcomer = await dial(parseEnode(node.enode));
    expect(await newcomer.eth.getHeaders({ origin: 1024, amount: 1 })).toHaveLength(1);
    await newcomer.disconnect('requested');
  },
);
