import { toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { decode as decodeAny, encode } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { BlockSender } from '../src/gossip/block-sender.ts';
import { KnownBlocks } from '../src/gossip/known-blocks.ts';
import { createBlockGossip, decodeBlock, encodeBlock } from '../src/index.ts';
import { formatOf } from '../src/wire/eth-version.ts';
import { branch, createWorld, fault, type GossipNode, sealed, TreeChain } from './gossip-world.ts';
import { block, type MemoryBlock } from './memory-chain.ts';
import { type Attack, attack } from './peers.ts';

const heads = (nodes: readonly GossipNode[]): string[] => nodes.map(({ chain }) => toHex(chain.head.header.hash));

describe('block codec', () => {
  test('ET-13 a block is the list of header, transactions, uncles and withdrawals', () => {
    const { header, body } = block(undefined);
    const raw = encodeBlock(header.raw, body);
    const decoded = decodeBlock(raw, nobleCrypto);
    expect(decoded.header.hash).toEqual(header.hash);
    expect(decoded.body.raw).toEqual(body);
    expect(encodeBlock(decoded.header.raw, decoded.body.raw)).toEqual(raw);
  });

  test('ET-13 a truncated or longer block is refused', () => {
    const { header, body } = block(undefined);
    const raw = encodeBlock(header.raw, body);
    expect(() => decodeBlock(raw.subarray(0, -1), nobleCrypto)).toThrow('1 bytes too early');
    expect(() => decodeBlock(Uint8Array.of(...raw, 0), nobleCrypto)).toThrow('after the block');
  });
});

test.each([68, 69, 70])(
  'ET-13 eth/%i: NewBlock and NewBlockHashes are a breach without the option, and are read with it',
  async (version) => {
    const chain = new TreeChain(10);
    const [next] = branch(chain.head, 1) as [MemoryBlock];
    const messages: ((attacked: Attack) => Promise<void>)[] = [
      (attacked) =>
        attacked.sendMessage('newBlock', { block: encodeBlock(next.header.raw, next.body), totalDifficulty: 0n }),
      (attacked) => attacked.sendMessage('newBlockHashes', [{ hash: next.header.hash, number: 10 }]),
    ];
    for (const send of messages) {
      const refused = await attack({ chain, version });
      await send(refused);
      expect(await refused.end()).toMatchObject({ code: 'unexpected-message', reason: 'breach-of-protocol' });
      const read = await attack({ chain, version, blocks: createBlockGossip({ chain: new TreeChain(10) }) });
      await send(read);
      await read.peer.disconnect('requested');
      expect(await read.end()).toMatchObject({ reason: 'requested' });
    }
  },
);

describe('propagation', () => {
  test('ET-13 a new block goes whole to the square root of the peers, and its hash to the others', async () => {
    const chain = new TreeChain(10);
    const world = createWorld();
    const node = world.node();
    const others = Array.from({ length: 9 }, () => world.node());
    // The others do not fetch announced blocks.
    for (const other of others) other.gossip.close();
    const received: string[] = [];
    for (const other of others) {
      const { received: whole, announced } = spyOf(other);
      await node.connect(other);
      void whole.then(() => received.push('whole'));
      void announced.then(() => received.push('hash'));
    }
    node.mine();
    await world.clock.advance(0);
    expect(received.filter((kind) => kind === 'whole')).toHaveLength(3);
    expect(received.filter((kind) => kind === 'hash')).toHaveLength(6);
    expect(chain.height()).toBe(9);
  });

  test('ET-13 blocks spread over a line of nodes, which fetch announced blocks', async () => {
    const world = createWorld();
    const nodes = Array.from({ length: 6 }, () => world.node());
    for (const [i, node] of nodes.entries()) if (i > 0) await node.connect(nodes[i - 1] as GossipNode);
    for (let i = 0; i < 5; i++) {
      nodes[0]?.mine();
      await world.clock.advance(2000);
    }
    expect(new Set(heads(nodes)).size).toBe(1);
    expect(nodes[5]?.chain.height()).toBe(14);
    for (const node of nodes.slice(1)) expect(node.chain.imported).toEqual([10, 11, 12, 13, 14]);
  });

  test('ET-13 each block is sent to a peer once, whichever way it comes', async () => {
    const world = createWorld();
    const nodes = Array.from({ length: 8 }, () => world.node());
    for (const [i, node] of nodes.entries()) for (const other of nodes.slice(0, i)) await node.connect(other);
    for (let i = 0; i < 20; i++) {
      nodes[i % 8]?.mine();
      await world.clock.advance(1000);
    }
    expect(new Set(heads(nodes)).size).toBe(1);
    for (const { chain, events } of nodes) {
      expect(new Set(chain.imported).size).toBe(chain.imported.length);
      expect(events.every(({ type }) => type === 'imported')).toBe(true);
    }
  });

  test('ET-13 a block of a longer branch is followed, with the ancestors that the node lacks', async () => {
    const world = createWorld();
    const [left, right] = [world.node(), world.node()];
    for (const each of branch(left.chain.head, 5, 1)) left.chain.add(each);
    for (const each of branch(right.chain.head, 8, 2)) right.chain.add(each);
    await left.connect(right);
    expect(left.chain.height()).toBe(14);
    const mined = right.mine();
    await world.clock.advance(1000);
    expect(left.chain.height()).toBe(18);
    expect(toHex(left.chain.head.header.hash)).toBe(toHex(mined.header.hash));
    expect(left.chain.imported).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18]);
  });

  test('ET-13 a branch that is too long for it is reported, and the peer stays connected', async () => {
    const world = createWorld({ maxDistance: 8 });
    const [left, right] = [world.node(), world.node()];
    for (const each of branch(left.chain.head, 9, 1)) left.chain.add(each);
    for (const each of branch(right.chain.head, 10, 2)) right.chain.add(each);
    const [peer] = await left.connect(right);
    right.mine();
    await world.clock.advance(1000);
    expect(left.events.map(({ type, number }) => [type, number])).toEqual([['behind', 20]]);
    expect(left.gossip.pending()).toEqual({ blocks: 0, bytes: 0, announced: 0 });
    expect(left.chain.height()).toBe(18);
    await peer.disconnect('requested');
    expect((await peer.closed).reason).toBe('requested');
  });

  test('ET-13 a block announced by several peers is fetched from the next one when the first does not have it', async () => {
    const world = createWorld();
    const node = world.node();
    const [poor, rich] = [world.node(), world.node()];
    const [next] = branch(rich.chain.head, 1) as [MemoryBlock];
    rich.chain.add(next);
    const announcement = { hash: next.header.hash, number: 10 };
    const [, poorEnd] = await node.connect(poor);
    const [, richEnd] = await node.connect(rich);
    await poorEnd.eth.sendNewBlockHashes([announcement]);
    await richEnd.eth.sendNewBlockHashes([announcement]);
    await world.clock.advance(1000);
    expect(node.chain.height()).toBe(10);
  });

  test('ET-13 four whole blocks and 64 announcements wait for a slow peer, at most', async () => {
    const sent: string[] = [];
    const releases: (() => void)[] = [];
    const slow = (text: string): Promise<void> => {
      sent.push(text);
      return new Promise((resolve) => releases.push(resolve));
    };
    const sender = new BlockSender({
      sendNewBlock: ({ totalDifficulty }) => slow(`block ${totalDifficulty}`),
      sendNewBlockHashes: ({ length }) => slow(`${length} hashes`),
    });
    const blocks = Array.from({ length: 10 }, (_, i) =>
      sender.send({ block: new Uint8Array(), totalDifficulty: BigInt(i) }),
    );
    expect(blocks.filter(Boolean)).toHaveLength(4);
    const hashes = Array.from({ length: 100 }, (_, number) => sender.announce({ hash: new Uint8Array(32), number }));
    expect(hashes.filter(Boolean)).toHaveLength(64);
    for (let i = 0; i < 5; i++) {
      releases[i]?.();
      await new Promise(setImmediate);
    }
    expect(sent).toEqual(['block 0', 'block 1', 'block 2', 'block 3', '64 hashes']);
  });

  test('ET-13 the last 1024 blocks that a peer knows are remembered', () => {
    const known = new KnownBlocks();
    for (let i = 0; i < 2_000; i++) expect(known.add(`${i}`, 'sent')).toBe(true);
    expect(known.size).toBe(1024);
    expect([975, 976, 1_999].map((i) => known.has(`${i}`))).toEqual([false, true, true]);
    // A block that is known in another way does not count twice.
    expect(known.add('1999', 'received')).toBe(true);
    expect(known.add('1999', 'received')).toBe(false);
    expect(known.size).toBe(1024);
  });

  test('ET-15 the outgoing loop of a peer ends with it', async () => {
    const world = createWorld();
    const node = world.node();
    const attacked = await attack({ chain: node.chain, clock: world.clock, blocks: node.gossip });
    node.mine();
    await world.clock.advance(0);
    const before = attacked.received.length;
    expect(before).toBeGreaterThan(0);
    await attacked.peer.disconnect('requested');
    await attacked.end();
    node.mine();
    await world.clock.advance(0);
    expect(attacked.received.length).toBe(before);
    const sender = new BlockSender({
      sendNewBlock: () => Promise.reject(new Error('disconnected')),
      sendNewBlockHashes: () => Promise.resolve(),
    });
    expect(sender.send({ block: new Uint8Array(), totalDifficulty: 0n })).toBe(true);
    await new Promise(setImmediate);
    expect(sender.send({ block: new Uint8Array(), totalDifficulty: 0n })).toBe(false);
  });
});

/** Resolves with the first whole block, and the first announcement, that a node receives. */
function spyOf(node: GossipNode): { received: Promise<void>; announced: Promise<void> } {
  let onReceived = (): void => {};
  let onAnnounced = (): void => {};
  const received = new Promise<void>((resolve) => {
    onReceived = resolve;
  });
  const announced = new Promise<void>((resolve) => {
    onAnnounced = resolve;
  });
  const { connected } = node.gossip;
  node.gossip.connected = (peer, end) => {
    const blocks = connected.call(node.gossip, peer, end);
    return {
      announced: (list) => {
        onAnnounced();
        blocks.announced(list);
      },
      received: (each, difficulty) => {
        onReceived();
        blocks.received(each, difficulty);
      },
      disconnected: () => blocks.disconnected(),
    };
  };
  return { received, announced };
}

describe('hostile peers', () => {
  const open = async (length = 10): Promise<{ attacked: Attack; node: GossipNode }> => {
    const world = createWorld();
    const node = world.node(length);
    const attacked = await attack({ chain: node.chain, clock: world.clock, blocks: node.gossip });
    return { attacked, node };
  };
  const send = (attacked: Attack, { header, body }: MemoryBlock): Promise<void> =>
    attacked
      .sendMessage('newBlock', { block: encodeBlock(header.raw, body), totalDifficulty: 0n })
      // The node may have disconnected already.
      .catch(() => {});
  /** Answers the requests of the node with nothing. */
  const refuse = async (attacked: Attack): Promise<number> => {
    let requests = 0;
    for (let message = await attacked.next(); message !== undefined; message = await attacked.next()) {
      if (message.code !== formatOf(attacked.version, 'getBlockHeaders').code) continue;
      const { requestId } = requestOf(attacked, message.payload);
      requests++;
      await attacked.sendMessage('blockHeaders', { requestId, items: [] });
    }
    return requests;
  };

  test('ET-13 a block with an invalid header ends its sender, and is not passed on', async () => {
    const { attacked, node } = await open();
    await send(attacked, block(node.chain.head, [], fault('header')));
    expect(await attacked.end()).toMatchObject({ code: 'invalid-block', reason: 'breach-of-protocol' });
    expect(node.chain.imported).toEqual([]);
    expect(node.events.map(({ type }) => type)).toEqual(['invalid']);
  });

  test('ET-13 invalid executions are counted, and the same block is executed once', async () => {
    const { attacked, node } = await open();
    const invalid = Array.from({ length: 8 }, (_, i) => block(node.chain.head, [], { ...fault('state'), gasUsed: i }));
    for (const each of invalid.slice(0, 7)) await send(attacked, each);
    await attacked.clock.advance(0);
    expect(node.chain.imported).toEqual(new Array(7).fill(10));
    await send(attacked, invalid[7] as MemoryBlock);
    expect(await attacked.end()).toMatchObject({ code: 'useless-blocks', reason: 'breach-of-protocol' });
    const again = await attack({ chain: node.chain, clock: attacked.clock, blocks: node.gossip });
    await send(again, invalid[0] as MemoryBlock);
    expect(node.chain.imported).toHaveLength(8);
  });

  test('ET-13 blocks that wait when their sender is disconnected for invalid ones are not executed', async () => {
    const { attacked, node } = await open();
    let release = (): void => {};
    node.chain.importing = new Promise((resolve) => {
      release = resolve;
    });
    for (let i = 0; i < 40; i++) await send(attacked, block(node.chain.head, [], { ...fault('state'), gasUsed: i }));
    expect(node.gossip.pending().blocks).toBe(40);
    release();
    expect(await attacked.end()).toMatchObject({ code: 'useless-blocks' });
    await attacked.clock.advance(0);
    expect(node.gossip.pending().blocks).toBe(0);
    expect(node.chain.imported).toHaveLength(8);
  });

  test('ET-13 after an invalid block, blocks of the peer are passed on only after their import', async () => {
    const world = createWorld();
    const [node, other] = [world.node(), world.node()];
    await node.connect(other);
    const attacked = await attack({ chain: node.chain, clock: world.clock, blocks: node.gossip });
    await send(attacked, block(node.chain.head, [], fault('state')));
    await world.clock.advance(1000);
    expect(other.events.map(({ type }) => type)).toEqual(['invalid']);
    await send(attacked, block(node.chain.head, [], { ...fault('state'), gasUsed: 1 }));
    await world.clock.advance(1000);
    expect(node.chain.imported).toEqual([10, 10]);
    expect(other.chain.imported).toEqual([10]);
  });

  test('ET-13 the same block many times ends its sender', async () => {
    const { attacked, node } = await open();
    const [next] = branch(node.chain.head, 1) as [MemoryBlock];
    for (let i = 0; i < 20; i++) await send(attacked, next);
    expect(await attacked.end()).toMatchObject({ code: 'useless-blocks' });
    expect(node.chain.imported).toEqual([10]);
  });

  test('ET-13 a block with another number than announced ends the peer', async () => {
    const { attacked, node } = await open();
    const [next] = branch(node.chain.head, 1) as [MemoryBlock];
    await attacked.sendMessage('newBlockHashes', [{ hash: next.header.hash, number: 11 }]);
    await attacked.clock.advance(100);
    const request = await attacked.next();
    const { requestId } = requestOf(attacked, (request as { payload: Uint8Array }).payload);
    await attacked.sendMessage('blockHeaders', { requestId, items: [next.header.raw] });
    expect(await attacked.end()).toMatchObject({ code: 'invalid-block' });
  });

  test('ET-13 a flood of announcements is bounded, and ends the peer when it delivers nothing', async () => {
    const { attacked, node } = await open();
    const announcements = Array.from({ length: 300 }, (_, i) => ({
      hash: Uint8Array.from({ length: 32 }, (_, j) => (j < 2 ? i >> (8 * j) : 7)),
      number: 10,
    }));
    await attacked.sendMessage('newBlockHashes', announcements);
    expect(node.gossip.pending().announced).toBe(256);
    await attacked.clock.advance(100);
    // 44 were too many, of whose points a tenth has decayed; the others are requested one after another.
    expect(await refuse(attacked)).toBe(128 - 44 + 1);
    expect(await attacked.end()).toMatchObject({ code: 'useless-blocks' });
    expect(node.gossip.pending().announced).toBe(0);
  });

  test('ET-13 blocks far away from the head are not kept', async () => {
    const { attacked, node } = await open(100);
    const far = { hash: new Uint8Array(32).fill(5), number: 2 ** 50 };
    await attacked.sendMessage('newBlockHashes', [far, { ...far, hash: new Uint8Array(32).fill(6), number: 5 }]);
    const low = Array.from({ length: 70 }, (_, i) =>
      block(node.chain.blocks[20], [], { gasUsed: i, extraData: new Uint8Array(1) }),
    );
    for (const each of low.slice(0, 60)) await send(attacked, each);
    expect(node.gossip.pending()).toEqual({ blocks: 0, bytes: 0, announced: 0 });
    expect(node.events).toMatchObject([{ type: 'behind', number: 2 ** 50 }]);
    for (const each of low.slice(60)) await send(attacked, each);
    expect(await attacked.end()).toMatchObject({ code: 'useless-blocks' });
  });

  test('ET-13 blocks whose ancestors are not delivered are dropped', async () => {
    const { attacked, node } = await open();
    const hidden = branch(node.chain.head, 30, 9);
    for (const each of hidden.slice(5, 15)) await send(attacked, each);
    expect(node.gossip.pending().blocks).toBe(10);
    expect(await refuse(attacked)).toBe(1);
    expect(node.gossip.pending()).toEqual({ blocks: 0, bytes: 0, announced: 0 });
    // The next ones are not answered at all.
    for (const each of hidden.slice(16, 20)) await send(attacked, each);
    await attacked.clock.advance(15_000);
    expect(node.gossip.pending()).toEqual({ blocks: 0, bytes: 0, announced: 0 });
    expect(node.chain.imported).toEqual([]);
  });

  test('ET-13 waiting blocks of a peer are bounded in number', async () => {
    const { attacked, node } = await open();
    const hidden = branch(node.chain.head, 1, 9) as [MemoryBlock];
    for (let i = 0; i < 80; i++) await send(attacked, block(hidden[0], [], { gasUsed: i }));
    expect(node.gossip.pending().blocks).toBe(64);
    await attacked.peer.disconnect('requested');
    await attacked.end();
    expect(node.gossip.pending()).toEqual({ blocks: 0, bytes: 0, announced: 0 });
    expect(attacked.clock.pending).toBe(0);
  });

  test('ET-13 waiting blocks are bounded in bytes, and a peer with few keeps its own', async () => {
    const { attacked, node } = await open();
    const large = (i: number): MemoryBlock => {
      const [parent] = branch(node.chain.head, 1, 100 + i) as [MemoryBlock];
      const next = block(parent, [], { gasUsed: i });
      const content = new Uint8Array(3 * 1024 * 1024 + 9).fill(1);
      content.set([0x02]);
      const list = encode(
        {
          read: () => content,
          write: (writer) => {
            writer.copy(Uint8Array.of(0xc0, 0xc0));
            const mark = writer.length;
            writer.string(content);
            writer.wrapList(mark);
            writer.wrapList(0);
          },
        },
        content,
      );
      return { ...next, body: list };
    };
    for (let i = 0; i < 6; i++) await send(attacked, large(i));
    expect(node.gossip.pending().blocks).toBe(5);
    expect(node.gossip.pending().bytes).toBeLessThan(16 * 1024 * 1024);
    for (let peer = 1; peer <= 4; peer++) {
      const another = await attack({ chain: node.chain, clock: attacked.clock, blocks: node.gossip });
      for (let i = 0; i < 5; i++) await send(another, large(10 * peer + i));
    }
    expect(node.gossip.pending().bytes).toBeLessThan(64 * 1024 * 1024);
    const small = await attack({ chain: node.chain, clock: attacked.clock, blocks: node.gossip });
    const [next] = branch(node.chain.head, 1) as [MemoryBlock];
    await send(small, next);
    expect(node.chain.height()).toBe(10);
  });
});

function requestOf(attacked: Attack, payload: Uint8Array): { requestId: bigint } {
  const { codec } = formatOf(attacked.version, 'getBlockHeaders');
  return decodeAny(codec, payload);
}

test('ET-13 a block that is being imported when the exchange closes is the last one', async () => {
  const world = createWorld();
  const [node, other] = [world.node(), world.node()];
  await node.connect(other);
  let release = (): void => {};
  other.chain.importing = new Promise((resolve) => {
    release = resolve;
  });
  node.mine();
  node.mine();
  await world.clock.advance(200);
  other.gossip.close();
  release();
  await world.clock.advance(1000);
  expect(other.chain.imported).toEqual([10]);
  expect(sealed(node.chain.head).header.number).toBe(11);
});
