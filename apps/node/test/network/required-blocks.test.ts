import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { type Chain, eth } from '@devp2p/eth';
import { openPeer } from '@devp2p/peer';
import { connect } from '@devp2p/rlpx/tcp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogFields } from '../../src/logging/log.ts';
import { shortId } from '../../src/network/peer-id.ts';
import type { NodePeer } from '../../src/network/peers.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { CompleteBlock } from '../../src/sync/chain.ts';
import { blocks, genesisFile } from '../sync/demo-blocks.ts';

const header = (number: number): Uint8Array => (blocks[number] as CompleteBlock).header.raw;
const hash = (number: number): Uint8Array => (blocks[number] as CompleteBlock).header.hash;

let folder: string;
let clock: VirtualClock;
let node: Node;
/** Log lines of each peer, by its short id. */
const logged = new Map<unknown, [string, LogFields][]>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'required-'));
  clock = createVirtualClock();
  const log = (fields: LogFields, message: string): void => {
    const { id } = fields;
    logged.set(id, [...(logged.get(id) ?? []), [message, fields]]);
  };
  node = await createNode({
    datadir: join(folder, 'node'),
    genesis: genesisFile,
    host: '127.0.0.1',
    port: 0,
    requiredBlocks: new Map([3, 1024].map((number) => [number, hash(number)])),
    logs: (module) => ({
      ...{ error: log, warn: log, debug: () => {}, trace: () => {} },
      info: module === 'peer' ? log : () => {},
    }),
    clock,
  });
});
afterAll(async () => {
  await node?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A remote on the node's chain, with an own function for requests for headers. */
async function remote(answer: (number: number) => Promise<Uint8Array[]> | Uint8Array[], questions = 2) {
  const asked: number[] = [];
  let onAsked = (): void => {};
  const allAsked = new Promise<void>((resolve) => {
    onAsked = () => asked.length === questions && resolve();
  });
  const chain: Chain = {
    ...node.chain,
    networkId: node.chain.networkId,
    headers({ origin }) {
      asked.push(Number(origin));
      onAsked();
      return Promise.resolve(answer(Number(origin)));
    },
  };
  const privateKey = generatePrivateKey();
  const stream = await connect(node.enode, {
    ...{ privateKey, crypto: fastCrypto, clock },
  });
  const peer = await openPeer(stream, { protocols: [eth({ chain, clock })], clock });
  await allAsked;
  const id = fastCrypto.secp256k1.publicKey(privateKey);
  const ours = node.peers.list().find((one) => toHex(one.id) === toHex(id)) as NodePeer;
  return { peer, ours, asked, lines: () => logged.get(shortId(id)) };
}

describe('ND-02 ET-14 --eth.requiredblocks: required blocks are requested after Status', () => {
  test.each([
    ['the required ones', (number: number) => [header(number)]],
    ['no block, as it is not synced', () => []],
    ['only one of them', (number: number) => (number === 3 ? [header(3)] : [])],
  ])('ND-02 ET-14 a peer stays that has %s', async (_, answer) => {
    const { peer, ours, asked, lines } = await remote(answer);
    expect(asked.sort((a, b) => a - b)).toEqual([3, 1024]);
    // Responses arrive before those to the remote's own later requests.
    await peer.eth.getHeaders({ origin: 0, amount: 1 });
    await clock.advance(20_000);
    await peer.eth.getHeaders({ origin: 0, amount: 1 });
    expect(lines()).toMatchObject([['peer added', {}]]);
    await peer.disconnect('requested');
    expect(await ours.closed).toMatchObject({ reason: 'requested', direction: 'remote' });
  });

  test('ND-02 ET-14 a block with another hash: subprotocol error', async () => {
    const other = Uint8Array.from(header(3));
    other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
    const { peer, ours, lines } = await remote((number) => [number === 3 ? other : header(number)]);
    const end = await peer.closed;
    expect(end).toMatchObject({ reason: 'subprotocol-error', direction: 'remote' });
    await ours.closed;
    expect(lines()).toMatchObject([
      ['peer added', {}],
      [
        'peer has another block than the required one',
        {
          id: expect.stringMatching(/^[0-9a-f]{16}$/),
          error: {
            message: expect.stringMatching(/^block 3: is 0x.{64}, but 0x.{64} is required$/),
          },
        },
      ],
      ['peer dropped', { reason: 'subprotocol error', direction: 'local' }],
    ]);
  });

  test.each([
    ['a block with another number', (number: number) => [header(number - 1)]],
    ['an invalid header', () => [Uint8Array.of(0xc1, 0x80)]],
  ])('ND-02 ET-14 %s: a protocol breach', async (_, answer) => {
    const { peer } = await remote(answer);
    expect(await peer.closed).toMatchObject({
      reason: 'breach-of-protocol',
      direction: 'remote',
    });
  });

  test('ND-02 ET-14 no response for 15 s to one of the requests: useless', async () => {
    const { peer, ours, lines } = await remote((number) =>
      number === 3 ? [header(3)] : new Promise<Uint8Array[]>(() => {}),
    );
    await clock.advance(14_999);
    expect(lines()).toMatchObject([['peer added', {}]]);
    const ended = peer.closed;
    await clock.advance(1);
    expect(await ended).toMatchObject({ reason: 'useless-peer', direction: 'remote' });
    await ours.closed;
    expect(lines()).toMatchObject([
      ['peer added', {}],
      ['no response to the request for the required block', { number: 1024 }],
      ['peer dropped', { reason: 'useless peer', direction: 'local' }],
    ]);
  });

  test('ND-02 ET-14 a peer that disconnects before it responds is not logged as failed', async () => {
    const { peer, ours, lines } = await remote(() => new Promise<Uint8Array[]>(() => {}), 1);
    void peer.disconnect('quitting');
    expect(await ours.closed).toMatchObject({ reason: 'quitting', direction: 'remote' });
    await clock.advance(20_000);
    expect(lines()?.map(([message]) => message)).toEqual(['peer added', 'peer dropped']);
  });
});
