import { toHex } from '@devp2p/bytes';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { openPeer, type Peer } from '@devp2p/peer';
import { streamPair } from '@devp2p/peer/pipe';
import { createRandomSource } from '@devp2p/random';
import {
  type BlockGossip,
  type BlockGossipEvent,
  type BlockGossipOptions,
  createBlockGossip,
  type EthPeer,
  eth,
  type GossipChain,
  type SealedBlock,
} from '../src/index.ts';
import { decodeBody } from '../src/types/body.ts';
import { block, type MemoryBlock, MemoryChain } from './memory-chain.ts';

type TestPeer = Peer & { readonly eth: EthPeer };

/** A block in the form of the gossip. */
export function sealed({ header, body }: MemoryBlock): SealedBlock {
  return { header, body: decodeBody(body) };
}

/** Blocks on top of a parent. `fork` makes them differ from others on the same parent. */
export function branch(parent: MemoryBlock, count: number, fork = 0): MemoryBlock[] {
  const blocks: MemoryBlock[] = [];
  for (let last = parent; blocks.length < count; ) {
    last = block(last, [], { gasUsed: fork });
    blocks.push(last);
  }
  return blocks;
}

/** A chain that accepts blocks whose extra data does not name a fault, and follows the longest branch. */
export class TreeChain extends MemoryChain implements GossipChain {
  readonly tree = new Map<string, MemoryBlock>();
  /** Numbers of the blocks that were imported, in order. */
  readonly imported: number[] = [];
  /** Awaited before each import. */
  importing: Promise<void> = Promise.resolve();

  constructor(length: number) {
    super(length);
    for (const each of this.blocks) this.tree.set(toHex(each.header.hash), each);
  }

  get head(): MemoryBlock {
    return this.blocks.at(-1) as MemoryBlock;
  }

  height(): number {
    return this.head.header.number;
  }

  async totalDifficulty(hash: Uint8Array): Promise<bigint | undefined> {
    return this.tree.has(toHex(hash)) ? 17n : undefined;
  }

  async check({ header }: SealedBlock): Promise<string | undefined> {
    return faultOf(header) === 'header' ? 'the header is invalid' : undefined;
  }

  checkBody(): boolean {
    return true;
  }

  async import({ header, body }: SealedBlock): Promise<'valid' | 'invalid' | 'unavailable'> {
    await this.importing;
    this.imported.push(header.number);
    if (faultOf(header) === 'state') return 'invalid';
    this.add({ header, body: body.raw, receipts: Uint8Array.of(0xc0) });
    return 'valid';
  }

  /** Stores a block, and makes it the head if it is higher. */
  add(added: MemoryBlock): void {
    this.tree.set(toHex(added.header.hash), added);
    if (added.header.number <= this.height()) return;
    const path: MemoryBlock[] = [];
    let next: MemoryBlock | undefined = added;
    while (next !== undefined && this.blocks[next.header.number] !== next) {
      path.unshift(next);
      next = this.tree.get(toHex(next.header.parentHash));
    }
    this.move((blocks) => {
      blocks.length = path[0]?.header.number ?? blocks.length;
      blocks.push(...path);
    });
  }
}

/** The fault that a block names in its extra data. */
function faultOf({ extraData }: { readonly extraData: Uint8Array }): string {
  return Buffer.from(extraData).toString();
}

export const fault = (name: 'header' | 'state'): { extraData: Uint8Array } => ({ extraData: Buffer.from(name) });

/** A node that exchanges blocks. */
export interface GossipNode {
  readonly chain: TreeChain;
  readonly gossip: BlockGossip;
  readonly events: BlockGossipEvent[];
  /** Connects to another node; returns both ends. */
  connect(other: GossipNode): Promise<readonly [TestPeer, TestPeer]>;
  /** Makes a block on top of the head, and broadcasts it. */
  mine(): MemoryBlock;
  readonly clock: VirtualClock;
  readonly protocol: ReturnType<typeof eth>;
}

/** Creates nodes on one virtual clock, with a chain of 10 blocks each. */
export function createWorld(options: Partial<BlockGossipOptions> = {}): {
  readonly clock: VirtualClock;
  node(length?: number): GossipNode;
} {
  const clock = createVirtualClock();
  let seed = 0;
  return {
    clock,
    node(length = 10) {
      const chain = new TreeChain(length);
      const events: BlockGossipEvent[] = [];
      let state = ++seed;
      const random = (count: number): Uint8Array =>
        Uint8Array.from({ length: count }, () => {
          state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
          return state >> 16;
        });
      const gossip = createBlockGossip({ chain, clock, random, onEvent: (event) => events.push(event), ...options });
      const protocol = eth({ chain, clock, random: createRandomSource(random).bytes, blocks: gossip });
      const node: GossipNode = {
        chain,
        gossip,
        events,
        clock,
        protocol,
        async connect(other) {
          const [a, b] = streamPair();
          const peers = await Promise.all([
            openPeer(a, { clock, protocols: [protocol] }),
            openPeer(b, { clock, protocols: [other.protocol] }),
          ]);
          await clock.advance(0);
          return peers;
        },
        mine() {
          const [mined] = branch(chain.head, 1);
          chain.add(mined as MemoryBlock);
          gossip.broadcast(sealed(mined as MemoryBlock), 17n);
          return mined as MemoryBlock;
        },
      };
      return node;
    },
  };
}
