import { toHex } from '@devp2p/bytes';
import { decode, encode } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { type EthPeer, nodeInfo } from '../src/index.ts';
import { blockRange } from '../src/wire/messages.ts';
import { block, filled, MemoryChain } from './memory-chain.ts';
import { attack, connect } from './peers.ts';

const grow = (chain: MemoryChain, count: number): void => {
  for (let i = 0; i < count; i++) chain.move((blocks) => blocks.push(block(blocks.at(-1))));
};

describe.each([69, 70])('eth/%i', (version) => {
  test('ET-09 the range is announced every 32 blocks, and at once when the head moves back', async () => {
    const chain = new MemoryChain(10);
    const attacked = await attack({ chain, version });
    const announced = async (): Promise<number[]> => {
      await attacked.clock.advance(0);
      const messages = attacked.received.splice(0);
      expect(messages.every(({ code }) => code === 0x11)).toBe(true);
      return messages.map(({ payload }) => decode(blockRange, payload).latest);
    };
    grow(chain, 31);
    expect(await announced()).toEqual([]);
    grow(chain, 1);
    expect(await announced()).toEqual([41]);
    grow(chain, 70);
    expect(await announced()).toEqual([73, 105]);
    chain.move((blocks) => blocks.splice(100));
    expect(await announced()).toEqual([99]);
    chain.move((blocks) => blocks.splice(99));
    expect(await announced()).toEqual([98]);
    chain.move((blocks) => {
      for (let i = 0; i < 500; i++) blocks.push(block(blocks.at(-1)));
    });
    expect(await announced()).toEqual([598]);
  });

  test('ET-09 the range is announced when its start moves by 32 blocks in either direction', async () => {
    const chain = new MemoryChain(200);
    let earliest = 100;
    const whole = chain.range.bind(chain);
    chain.range = () => ({ ...whole(), earliest });
    const attacked = await attack({ chain, version });
    const announced: number[] = [];
    for (const next of [110, 131, 132, 163, 164, 133, 132, 0]) {
      earliest = next;
      chain.move(() => {});
      await attacked.clock.advance(0);
      const messages = attacked.received.splice(0);
      announced.push(...messages.map(({ payload }) => decode(blockRange, payload).earliest));
    }
    expect(announced).toEqual([132, 164, 132, 0]);
  });

  test('ET-09 a head that moved during the handshake is announced after it', async () => {
    const chain = new MemoryChain(10);
    const attacked = await attack({ chain, version, mute: true });
    grow(chain, 40);
    await attacked.clock.advance(0);
    expect(attacked.received.map(({ code }) => code)).toEqual([0]);
    const remote = new MemoryChain(10);
    const { latest, latestHash } = remote.range();
    const forkId = decode(attacked.version.messages.status.codec, attacked.received[0]?.payload as Uint8Array).forkId;
    const { networkId, genesisHash } = chain;
    await attacked.sendMessage('status', {
      version,
      networkId,
      genesisHash,
      forkId,
      earliest: 0,
      latest,
      latestHash,
    });
    expect(attacked.received.map(({ code }) => code)).toEqual([0, 0x11]);
  });

  test('ET-09 the announcement of the remote becomes its range, for any blocks', async () => {
    const chain = new MemoryChain(64);
    const heard: unknown[] = [];
    const onRange = ({ range }: EthPeer): void => void heard.push(range);
    const attacked = await attack({ chain, version, onRange });
    expect(heard).toEqual([]);
    for (const [earliest, latest] of [
      [53, 63],
      [73, 113],
      [0, Number.MAX_SAFE_INTEGER],
      [5, 5],
    ] as const) {
      const range = { earliest, latest, latestHash: filled(32, 9) };
      await attacked.send(0x11, encode(blockRange, range));
      expect(attacked.peer.eth.range).toEqual(range);
      expect(heard.splice(0)).toEqual([range]);
    }
    await attacked.sendMessage('getBlockHeaders', {
      requestId: 1n,
      query: { origin: 0n, amount: 1n, skip: 0n, reverse: false },
    });
    expect((await attacked.next())?.code).toBe(0x04);
  });

  test.each([
    ['that ends before its start', { earliest: 10, latest: 8, latestHash: filled(32, 9) }],
    ['without a hash', { earliest: 1, latest: 8, latestHash: filled(32, 0) }],
  ])('ET-09 a range %s ends the peer with a Disconnect', async (_, range) => {
    const attacked = await attack({ version });
    await attacked.send(0x11, encode(blockRange, range));
    expect(await attacked.end()).toEqual({
      code: 'invalid-range',
      reason: 'breach-of-protocol',
      direction: 'local',
    });
  });
});

test('ET-09 no ranges are sent on eth/68', async () => {
  const chain = new MemoryChain(10);
  const attacked = await attack({ chain, version: 68 });
  grow(chain, 100);
  await attacked.clock.advance(0);
  expect(attacked.received).toEqual([]);
});

test('ET-17 the node and its peers have the forms of admin_nodeInfo and admin_peers', async () => {
  const chain = new MemoryChain(10);
  const config = { chainId: 1337 };
  expect(nodeInfo(chain, config)).toEqual({
    network: 1337,
    genesis: `0x${toHex(chain.hashOf(0))}`,
    config,
    head: `0x${toHex(chain.hashOf(9))}`,
  });
  expect(Object.keys(nodeInfo(chain))).toEqual(['network', 'genesis', 'head']);
  const { left } = await connect({ chain }, { chain: new MemoryChain(5) });
  expect(left.eth.info()).toEqual({
    version: 70,
    earliestBlock: 0,
    latestBlock: 4,
    latestBlockHash: `0x${toHex(chain.hashOf(4))}`,
  });
  const old = await connect({ chain, versions: [68] }, { chain, versions: [68] });
  expect(old.left.eth.info()).toEqual({ version: 68 });
  const mute = await attack({ mute: true });
  expect(mute.peer.eth.info()).toBe('handshake');
  expect(() => JSON.stringify([nodeInfo(chain, config), left.eth.info()])).not.toThrow();
});
