import { randomBytes } from 'node:crypto';
import type { EthError } from '@devp2p/eth';
import { expect, test } from 'vitest';
import { connectEth } from './client.ts';
import { askEngine, callEngine, type EngineServer } from './json-rpc.ts';
import { enodeOf } from './node.ts';
import type { Program } from './program.ts';
import { Scene } from './scene.ts';

const scene = new Scene();

/**
 * Sends unknown heads to geth as a consensus client, one after the other. geth requests each from its peers, one peer at
 * a time, and the consensus client waits as long as geth waits for a peer.
 *
 * @returns times of geth's answers in ms
 */
async function nameUnknownHeads(engine: EngineServer, until: () => boolean): Promise<number[]> {
  const times: number[] = [];
  do {
    const start = performance.now();
    const { result } = await askEngine(engine, {
      method: 'engine_forkchoiceUpdatedV4',
      params: [
        {
          headBlockHash: `0x${randomBytes(32).toString('hex')}`,
          safeBlockHash: `0x${'00'.repeat(32)}`,
          finalizedBlockHash: `0x${'00'.repeat(32)}`,
        },
        null,
        null,
      ],
    });
    expect(result).toMatchObject({ payloadStatus: { status: 'SYNCING' } });
    times.push(performance.now() - start);
  } while (!until());
  return times;
}

/** A geth without blocks whose only peer is our node. */
async function startBeside(ours: Program) {
  const geth = await scene.startGeth({ blocks: false });
  await geth.rpc('admin_addPeer', [await enodeOf(ours)]);
  await geth.program.line(/Ethereum peer connected|Ethereum handshake complete|peers=1/i);
  return geth;
}

/** Checks that geth requested each head, and that no request timed out. */
function expectAnswered(geth: Program, times: readonly number[], when: string): void {
  const lines = geth.lines.join('\n');
  expect(lines.match(/Attempting to retrieve sync target/g)).toHaveLength(times.length);
  expect(lines).not.toContain('Header request timed out');
  const [median = 0, most = 0] = [times.length >> 1, times.length - 1].map((i) => [...times].sort((a, b) => a - b)[i]);
  console.log(
    `forkchoiceUpdated of ${times.length} unknown heads ${when}: median ${median.toFixed(1)} ms, most ${most.toFixed(1)} ms`,
  );
}

test('ND-18 our node answers a request for an unknown head at once, while it syncs', async () => {
  const { chain } = scene;
  const { program, engine } = await scene.startEngineNode([]);
  const geth = await startBeside(program);
  const source = await scene.startGeth({ blocks: true });
  await source.rpc('admin_addPeer', [await enodeOf(program)]);
  await source.program.line(/Ethereum peer connected|peers=1/);
  await callEngine(engine, chain.forkchoice);
  let over = false;
  const [times] = await Promise.all([
    nameUnknownHeads(geth.engine, () => over),
    program.line(new RegExp(`^synced number=${chain.headNumber} `)).finally(() => {
      over = true;
    }),
  ]);
  expectAnswered(geth.program, times, 'during a sync');
});

test('ND-18 our node answers a request for an unknown head at once, under load', async () => {
  const { chain } = scene;
  const source = await scene.startGeth({ blocks: true });
  const program = scene.startNode(['--nodiscover', '--static', source.enode]);
  await program.line(new RegExp(`^synced number=${chain.headNumber} `));
  await source.stop();
  const geth = await startBeside(program);

  // Each has one request for receipts in flight at all times, and takes its response at once.
  const enode = await enodeOf(program);
  const clients = await Promise.all(Array.from({ length: 8 }, () => connectEth(enode, chain, 70)));
  let over = false;
  let answers = 0;
  const load = clients.map(async ({ eth }) => {
    const headers = await eth.getHeaders({ origin: chain.largeReceipts + 1, amount: 500 });
    while (!over) {
      await eth.getReceipts(headers).catch((error: EthError) => {
        if (error.code !== 'timeout') throw error;
      });
      answers += 1;
    }
  });
  const times = await nameUnknownHeads(geth.engine, () => answers >= 200);
  over = true;
  await Promise.all(load);
  await Promise.all(clients.map((client) => client.close()));
  expectAnswered(geth.program, times, `under load, with ${answers} answers to others`);
});
