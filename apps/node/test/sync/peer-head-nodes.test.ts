import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import { describe, expect, onTestFinished, test } from 'vitest';
import { showStatus } from '../../src/cli/commands/status.ts';
import type { CommandContext } from '../../src/cli/context.ts';
import { createNode, type Node } from '../../src/node/node.ts';
import type { NodeSettings } from '../../src/node/options.ts';
import type { Health } from '../../src/observability/health.ts';
import { genesisText } from '../chain/make-blocks.ts';
import { temporaryDirectory } from '../chain/temporary.ts';
import { accounts, ChainBuilder, counter, type MinedBlock, richAlloc, signCall } from '../execution/chain-builder.ts';

/** A chain of ten blocks, on which branches begin, and its genesis.json. */
class World {
  readonly trunk: MinedBlock[] = [];
  readonly genesis: string = join(temporaryDirectory(), 'genesis.json');
  readonly #builder: ChainBuilder;

  private constructor(builder: ChainBuilder) {
    this.#builder = builder;
    writeFileSync(this.genesis, genesisText('cancun', { alloc: richAlloc() }));
  }

  static async create(): Promise<World> {
    const world = new World(await ChainBuilder.create());
    world.trunk.push(...(await world.#grow(world.#builder.genesis.header, 10, 0)));
    return world;
  }

  /** A branch on the trunk. @param mark makes its blocks differ from those of others */
  branch(length: number, mark: number): Promise<MinedBlock[]> {
    return this.#grow((this.trunk.at(-1) as MinedBlock).header, length, mark);
  }

  async #grow(parent: SealedHeader, count: number, mark: number): Promise<MinedBlock[]> {
    const blocks: MinedBlock[] = [];
    const [from] = accounts;
    for (let last = parent; from !== undefined && blocks.length < count; ) {
      const call = signCall({
        from,
        nonce: last.number,
        to: counter,
        input: new Uint8Array(32).fill(mark),
        gas: 100_000,
      });
      const block = await this.#builder.mine(last, [call], Uint8Array.of(mark));
      blocks.push(block);
      last = block.header;
    }
    return blocks;
  }

  /** A node that has the trunk and a branch. It executes no blocks, and serves those that it is given. */
  async serve(host: string, branch: readonly MinedBlock[]): Promise<Node> {
    const node = await this.#start({ host, execution: false });
    await node.chain.append([...this.trunk, ...branch]);
    return node;
  }

  /** A node that follows what nodes in three networks serve, and executes it. */
  follow(nodes: readonly Node[]): Promise<Node> {
    return this.#start({
      host: '127.0.0.1',
      headPeers: 3,
      staticNodes: nodes.map(({ enode }) => enode),
      executionThreads: false,
      http: { port: 0, apis: ['admin', 'net', 'web3'] },
    });
  }

  async #start(settings: Partial<NodeSettings>): Promise<Node> {
    const node = await createNode({
      port: 0,
      discovery: false,
      datadir: temporaryDirectory(),
      genesis: this.genesis,
      ...settings,
    });
    onTestFinished(() => node.close());
    return node;
  }
}

const httpOf = ({ endpoints }: Node): URL => new URL(endpoints.http as string);

/** Waits until the health of a node has a property. */
async function health(node: Node, has: (health: Health) => boolean): Promise<Health> {
  for (;;) {
    const response = await fetch(new URL('/health', httpOf(node)));
    const now = (await response.json()) as Health;
    if (has(now)) return now;
  }
}

const isAt = (blocks: readonly MinedBlock[]) => {
  const hash = `0x${toHex((blocks.at(-1) as MinedBlock).header.hash)}`;
  return ({ head }: Health): boolean => head.hash === hash;
};

/** The output of `devp2p-node status`. */
async function statusOf(node: Node): Promise<string> {
  const { hostname, port } = httpOf(node);
  const lines: string[] = [];
  const settings = { 'http.addr': hostname, 'http.port': Number(port) };
  const context = { settings, print: (line: string) => lines.push(line), signal: new AbortController().signal };
  await showStatus(context as unknown as CommandContext);
  return lines.join('\n');
}

// On Linux and Windows every address of 127.0.0.0/8 is one of this machine, so these are of different networks (/16).
describe.skipIf(process.platform === 'darwin')('--head.peers with nodes in several networks', () => {
  test('ND-08 a head that nodes in three networks serve is followed, and those of one network count once', async () => {
    const world = await World.create();
    const branch = await world.branch(8, 1);
    const two = [await world.serve('127.1.0.1', branch), await world.serve('127.2.0.1', branch)];
    const same = [await world.serve('127.2.0.2', branch), await world.serve('127.2.7.1', branch)];
    const follower = await world.follow([...two, ...same]);
    const waiting = await health(follower, ({ peers, peerHead }) => peers.outbound === 4 && peerHead?.networks === 2);
    expect(waiting).toMatchObject({
      status: 'waiting',
      head: { number: 0 },
      state: { name: 'too-few-networks', text: 'waiting for peers in 3 networks: there are peers in 2' },
    });
    const third = await world.serve('127.3.0.1', branch);
    await follower.close();
    const next = await world.follow([...two, ...same, third]);
    const reached = await health(next, isAt(branch));
    expect(reached.peerHead).toMatchObject({ required: 3, networks: 3 });
    // A longer chain of the same nodes is followed, too.
    const longer = [...branch, ...(await world.branch(12, 1)).slice(8)];
    for (const node of [...two, ...same, third]) await node.chain.append(longer.slice(8));
    await health(next, isAt(longer));
  });

  test('ND-08 HX-15 nodes in two networks with a longer chain do not win against three', async () => {
    const world = await World.create();
    const [honest, lie] = [await world.branch(8, 1), await world.branch(40, 2)];
    const nodes: Node[] = [];
    for (const net of [1, 2, 3]) nodes.push(await world.serve(`127.${net}.0.1`, honest));
    for (const net of [4, 5]) nodes.push(await world.serve(`127.${net}.0.1`, lie));
    const follower = await world.follow(nodes);
    await health(follower, isAt(honest));
    const settled = await health(
      follower,
      ({ peerHead, state }) => peerHead?.networks === 5 && state.name === 'synced',
    );
    expect(settled.peerHead).toMatchObject({ agreed: { number: 18, networks: 3 } });
    expect(isAt(honest)(settled)).toBe(true);
  });

  test('ND-08 HX-15 in a partition the head is the last common block, status and health name both sides, and its end is followed', async () => {
    const world = await World.create();
    const [one, other] = [await world.branch(30, 1), await world.branch(8, 2)];
    const sides: Node[][] = [[], []];
    for (const net of [1, 2]) sides[0]?.push(await world.serve(`127.${net}.0.1`, one.slice(0, 8)));
    for (const net of [3, 4]) sides[1]?.push(await world.serve(`127.${net}.0.1`, other));
    const follower = await world.follow(sides.flat());
    const divided = await health(
      follower,
      (now) => isAt(world.trunk)(now) && now.peerHead?.networks === 4 && now.peerHead.disagreement !== undefined,
    );
    expect(divided.peerHead).toMatchObject({
      agreed: { number: 10, networks: 4 },
      disagreement: [
        { number: 18, networks: 2 },
        { number: 18, networks: 2 },
      ],
    });
    expect(await statusOf(follower)).toMatch(
      /head of peers +peers disagree about block 18: 0x[0-9a-f]{16}… of 2 networks, 0x[0-9a-f]{16}… of 2 networks/,
    );
    // The partition ends: all nodes are on one side.
    for (const node of sides[0] ?? []) await node.chain.append(one.slice(8));
    for (const node of sides[1] ?? []) await node.chain.append(one);
    const healed = await health(follower, (now) => isAt(one)(now) && now.peerHead?.disagreement === undefined);
    expect(healed.status).toBe('ok');
  });

  test('ND-08 HX-15 in a partition that is older than the compared headers there is no head, and the reason is the state', async () => {
    const world = await World.create();
    const [one, other] = [await world.branch(80, 1), await world.branch(80, 2)];
    const nodes: Node[] = [];
    for (const net of [1, 2]) nodes.push(await world.serve(`127.${net}.0.1`, one));
    for (const net of [3, 4]) nodes.push(await world.serve(`127.${net}.0.1`, other));
    const follower = await world.follow(nodes);
    const waiting = await health(follower, ({ state }) => state.name === 'peers-disagree');
    expect(waiting).toMatchObject({ status: 'waiting', head: { number: 0 } });
    const reason =
      /no head: peers disagree about block 90: 0x\S+ of 2 networks, 0x\S+ of 2 networks; no block has 3 networks/;
    expect(waiting.state.text).toMatch(reason);
    expect(await statusOf(follower)).toMatch(reason);
  });
});
