import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { readBlocks, readHead } from '../execution/chains.ts';
import { median } from '../figures.ts';
import { pinTo } from '../machine.ts';
import { initGeth } from './engine.ts';
import { payloadOf } from './engine-client.ts';
import { type Program, startGeth, startOurs } from './programs.ts';
import type { Scenario } from './scenario.ts';
import { withScratch } from './scratch.ts';

const rounds = 3;
const transactionsPerBlock = 50;
/** Time until a node is synced, in ms. */
const limit = 300_000;
/** Time between two questions for the number of the head, in ms. */
const interval = 50;

/** Full syncs of an empty node from a geth, which is the only peer. A consensus client has named the head. */
export const syncScenario: Scenario = {
  name: 'sync-full',
  title: 'full sync of 25,000 transfers from one geth',
  async run({ go, cores, progress }) {
    const folder = go.chain('transfers');
    const genesis = join(folder, 'genesis.json');
    const head = payloadOf(readBlocks(folder).at(-1) as Uint8Array);
    const { number } = readHead(folder);
    const pin = pinTo(cores?.measured);
    return withScratch(async (scratch) => {
      const source = join(scratch, 'source');
      initGeth(go.geth(), source, genesis, join(folder, 'chain.rlp'));
      const server = await startGeth(go.geth(), { genesis, datadir: source, pin: pinTo(cores?.clients) });
      const sync = async (name: string, start: (datadir: string) => Promise<Program>): Promise<number> => {
        progress(`  ${name}`);
        const program = await start(join(scratch, name));
        try {
          return await timeOfSync(program, head, number);
        } finally {
          await program.stop();
        }
      };
      try {
        const rates: [number[], number[]] = [[], []];
        for (let round = 0; round < rounds; round++) {
          for (const turn of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
            const seconds = await sync(`${turn === 0 ? 'ours' : 'geth'}-${round}`, (datadir) => {
              const options = { genesis, datadir, pin, peer: server.enode };
              if (turn === 0) return startOurs(options);
              initGeth(go.geth(), datadir, genesis);
              return startGeth(go.geth(), options);
            });
            rates[turn].push((number * transactionsPerBlock) / seconds);
          }
        }
        const [ours, geth] = rates;
        return [{ what: 'transactions/s', ours: median(ours), geth: median(geth), goal: { atLeast: 0.5 } }];
      } finally {
        await server.stop();
      }
    });
  },
};

/** Names the head to a node until it is its own. @returns seconds from the first time that the node knows the head */
async function timeOfSync({ engine }: Program, head: ReturnType<typeof payloadOf>, number: number): Promise<number> {
  await engine.newPayload(head);
  const start = performance.now();
  await engine.setHead(head.blockHash);
  let named = start;
  for (;;) {
    if ((await engine.blockNumber()) === number) return (performance.now() - start) / 1000;
    const now = performance.now();
    if (now - start > limit) throw new Error(`not synced within ${limit / 1000} s`);
    // A consensus client repeats itself; a node without a peer may have ignored the first call.
    if (now - named > 1000) {
      await engine.setHead(head.blockHash);
      named = now;
    }
    await setTimeout(interval);
  }
}
