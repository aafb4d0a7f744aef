import { createHash } from 'node:crypto';
import { type EthPeer, type RawList, receiptCodec, type SealedHeader } from '@devp2p/eth';
import { decode, tree } from '@devp2p/rlp';
import { expect, test } from 'vitest';
import { connectEth } from './client.ts';
import { enodeOf } from './node.ts';
import { Scene } from './scene.ts';

const scene = new Scene();

/** A block as received from a peer, in bytes. */
interface Served {
  readonly header: SealedHeader;
  readonly body: Uint8Array;
  /** `undefined` for a block with more receipts than a message of the version holds. */
  readonly receipts: RawList | undefined;
}

/** All blocks of the chain except the genesis, as a peer serves them. */
async function download(eth: EthPeer, amount: number): Promise<Served[]> {
  const blocks: Served[] = [];
  while (blocks.length < amount) {
    const origin = blocks.length + 1;
    const headers = await eth.getHeaders({ origin, amount: Math.min(64, amount - origin + 1) });
    const bodies = await eth.getBodies(headers.map(({ hash }) => hash));
    const receipts = await eth.getReceipts(headers.slice(0, bodies.length));
    for (let i = 0; i < Math.max(1, receipts.length); i++) {
      const [header, body] = [headers[i], bodies[i]];
      if (header === undefined || body === undefined) throw new Error(`no block ${origin + i}`);
      blocks.push({ header, body: body.raw, receipts: receipts[i] });
    }
  }
  return blocks;
}

/** A block's number, and hashes of its parts. */
function summary({ header, body, receipts }: Served): string {
  const hash = (parts: readonly Uint8Array[]) => {
    const all = createHash('sha256');
    for (const part of parts) all.update(part);
    return all.digest('hex').slice(0, 16);
  };
  const parts = [[header.raw], [body], ...(receipts ? [[...receipts]] : [])];
  return `${header.number} ${parts.map(hash).join(' ')}`;
}

const fieldsOf = ({ raw }: SealedHeader): number => (decode(tree(), raw) as unknown[]).length;

/** Whether the last receipt's cumulative gas is above the header's gas used. */
function isAbove({ header, receipts }: Served): boolean {
  if (receipts === undefined || receipts.length === 0) return false;
  return decode(receiptCodec, receipts.at(receipts.length - 1)).cumulativeGas > header.gasUsed;
}

test.each([70, 69])(
  'FK-04 FK-05 FK-08 what our node has downloaded from geth it serves as geth does, over eth/%i',
  async (version) => {
    const { chain } = scene;
    const geth = await scene.startGeth({ blocks: true });
    const ours = scene.startNode(['--nodiscover', `--static=${geth.enode}`]);
    await ours.line(new RegExp(`^synced number=${chain.headNumber} `));
    const [theirs, we] = await Promise.all(
      [geth.enode, await enodeOf(ours)].map(async (enode) => {
        const client = await connectEth(enode, chain, version);
        const blocks = await download(client.eth, chain.headNumber);
        await client.close();
        return blocks;
      }),
    );
    const blocks = we ?? [];
    const summaries = blocks.map(summary);
    // Before eth/70 a block's receipts come in one message, which our node limits to the 10 MiB of the specification.
    const tooLarge = version === 70 ? [] : [chain.largeReceipts];
    expect(blocks.filter(({ receipts }) => !receipts).map(({ header }) => header.number)).toEqual(tooLarge);
    expect(summaries).toEqual(
      (theirs ?? []).map((block) =>
        summary(tooLarge.includes(block.header.number) ? { ...block, receipts: undefined } : block),
      ),
    );

    expect(blocks.map(({ header }) => fieldsOf(header)).slice(chain.amsterdam - 2)).toEqual([
      21,
      ...Array(chain.headNumber - chain.amsterdam + 1).fill(23),
    ]);
    const above = blocks.filter(isAbove);
    expect(above.length).toBeGreaterThan(0);
    expect(above.every(({ header }) => header.number >= chain.amsterdam)).toBe(true);
  },
);
