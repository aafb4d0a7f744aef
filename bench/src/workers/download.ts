import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { type EthPeer, eth } from '@devp2p/eth';
import { memoryChain } from '@devp2p/eth/memory';
import { openPeer } from '@devp2p/peer';
import { connect } from '@devp2p/rlpx/tcp';
import { type Slice, serve } from './serve.ts';
import type { Server } from './server.ts';
import { startGeth, startNode } from './serving.ts';
import { readTestChain, type TestBlock } from './test-chain.ts';

const [, , folder = '', geth = '', ...pin] = process.argv;

/** Number of concurrent requests. */
const concurrency = 4;
/** Items per request of go-ethereum's downloader. */
const [headersAtOnce, bodiesAtOnce, receiptsAtOnce] = [192, 128, 256];

const datadir = mkdtempSync(join(tmpdir(), 'devp2p-bench-'));
process.on('exit', () => rmSync(datadir, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

let server: Server | undefined;
let dialed: Promise<Remote> | undefined;

interface Remote {
  readonly peer: EthPeer;
  readonly blocks: readonly TestBlock[];
}

async function dial(): Promise<Remote> {
  const blocks = readTestChain(folder);
  const options = { folder, datadir, pin };
  const serving = await (geth === '' ? startNode(options) : startGeth(geth, options));
  server = serving.server;
  const genesisHash = (blocks[0] as TestBlock).header.parentHash;
  const chain = memoryChain({ networkId: 1337n, genesisHash });
  const stream = await connect(serving.enode, { privateKey: generatePrivateKey(), crypto });
  const peer = await openPeer(stream, {
    clientId: 'bench',
    protocols: [eth({ chain, crypto })],
  });
  await peer.eth.status;
  process.stderr.write(`${peer.hello.clientId} eth/${peer.eth.version}\n`);
  return { peer: peer.eth, blocks };
}

/** Requests consecutive blocks repeatedly, and compares the responses with the blocks. */
async function downloads(
  atOnce: number,
  request: (peer: EthPeer, blocks: readonly TestBlock[]) => Promise<readonly Uint8Array[]>,
  expected: (block: TestBlock) => Uint8Array,
): Promise<Slice> {
  dialed ??= dial();
  const { peer, blocks } = await dialed;
  let next = 0;
  return async (over) => {
    let count = 0;
    const worker = async () => {
      while (!over()) {
        const first = next + atOnce > blocks.length ? 0 : next;
        next = first + atOnce;
        const requested = blocks.slice(first, next);
        const received = await request(peer, requested);
        if (received.length === 0) throw new Error('empty response');
        received.forEach((item, index) => {
          if (Buffer.compare(item, expected(requested[index] as TestBlock)) === 0) return;
          throw new Error(`block ${first + index + 1} differs`);
        });
        count += received.length;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    return count;
  };
}

const hashes = (blocks: readonly TestBlock[]) => blocks.map(({ header }) => header.hash);

await serve(
  {
    'download-headers': () =>
      downloads(
        headersAtOnce,
        async (peer, blocks) => {
          const origin = blocks[0]?.header.number ?? 0;
          return (await peer.getHeaders({ origin, amount: blocks.length })).map(({ raw }) => raw);
        },
        ({ header }) => header.raw,
      ),
    'download-bodies': () =>
      downloads(
        bodiesAtOnce,
        async (peer, blocks) => (await peer.getBodies(hashes(blocks))).map(({ raw }) => raw),
        ({ body }) => body,
      ),
    'download-receipts': () =>
      downloads(
        receiptsAtOnce,
        async (peer, blocks) => {
          const requested = blocks.map(({ header: { hash, gasUsed } }) => ({ hash, gasUsed }));
          return (await peer.getReceipts(requested)).map(({ raw }) => raw);
        },
        ({ receipts }) => receipts,
      ),
  },
  () => server?.cpuTime() ?? 0,
);
