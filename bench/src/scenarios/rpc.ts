import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { readBlocks } from '../execution/chains.ts';
import { median } from '../figures.ts';
import { pinTo } from '../machine.ts';
import { initGeth } from './engine.ts';
import { payloadOf } from './engine-client.ts';
import { type Program, startGeth, startOurs } from './programs.ts';
import type { Scenario } from './scenario.ts';
import { withScratch } from './scratch.ts';

/** Blocks of the chain that are asked for. */
const blocks = 100;
const warmUp = 3_000;
const requests = 3_000;
const rounds = 5;
/** Connections of the client, each with one request at a time. */
const connections = 16;

/** Blocks in full, which wallets and indexers ask for. */
export const rpcBlockScenario: Scenario = scenario(
  'rpc-block',
  'eth_getBlockByNumber with 50 full transactions',
  (i) => ({
    method: 'eth_getBlockByNumber',
    params: [quantity(1 + (i % blocks)), true],
  }),
);

/** Calls of the contract with the hashes of recent blocks (EIP-2935), which reads one slot. */
export const rpcCallScenario: Scenario = scenario('rpc-call', 'eth_call of a contract that reads a slot', (i) => ({
  method: 'eth_call',
  params: [
    {
      to: '0x0000f90827f1c53a10cb7a02335b175320002935',
      input: `0x${(1 + (i % (blocks - 1))).toString(16).padStart(64, '0')}`,
    },
    'latest',
  ],
}));

interface Call {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Requests over HTTP by several callers, by CPU time of the whole process. */
function scenario(name: string, title: string, callOf: (index: number) => Call): Scenario {
  return {
    name,
    title,
    async run({ go, cores }) {
      const folder = go.chain('transfers');
      const genesis = join(folder, 'genesis.json');
      const payloads = readBlocks(folder).slice(0, blocks).map(payloadOf);
      const pin = pinTo(cores?.measured);
      return withScratch(async (scratch) => {
        const [ours, theirs] = [join(scratch, 'ours'), join(scratch, 'geth')];
        initGeth(go.geth(), theirs, genesis);
        const programs: Program[] = [];
        const agent = new Agent({ keepAlive: true, maxSockets: connections });
        try {
          programs.push(await startOurs({ genesis, datadir: ours, pin, http: true }));
          programs.push(await startGeth(go.geth(), { genesis, datadir: theirs, pin, http: true }));
          for (const { engine } of programs) {
            for (const payload of payloads) {
              await engine.newPayload(payload);
              await engine.setHead(payload.blockHash);
            }
          }
          await expectSameResult(programs, callOf(1), agent);
          const rates: number[][] = [[], []];
          for (let round = 0; round <= rounds; round++) {
            for (const turn of round % 2 === 0 ? [0, 1] : [1, 0]) {
              const { server, http } = programs[turn] as Program;
              const before = server.cpuTime();
              const count = round === 0 ? warmUp : requests;
              await sendAll(http as string, count, callOf, agent);
              if (round > 0) rates[turn]?.push((count / (server.cpuTime() - before)) * 1e6);
            }
          }
          const [own = [], other = []] = rates;
          return [{ what: 'per CPU-second', ours: median(own), geth: median(other), goal: { atLeast: 0.5 } }];
        } finally {
          agent.destroy();
          for (const program of programs) await program.stop();
        }
      });
    },
  };
}

/** @throws when the programs do not have the same result */
async function expectSameResult(programs: readonly Program[], call: Call, agent: Agent): Promise<void> {
  const [ours, theirs] = await Promise.all(
    programs.map(async ({ http }) => JSON.parse(await send(http as string, call, agent)) as Answer),
  );
  if (!sorted(ours).includes('"result"') || sorted(ours) !== sorted(theirs)) {
    throw new Error(`${call.method}: ${sorted(ours)} and ${sorted(theirs)}`);
  }
}

interface Answer {
  readonly result?: unknown;
  readonly error?: unknown;
}

/** Compact text of an answer, fields in the order of their names. */
function sorted(answer: unknown): string {
  return JSON.stringify(answer, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

async function sendAll(url: string, count: number, callOf: (index: number) => Call, agent: Agent): Promise<void> {
  let next = 0;
  const caller = async () => {
    while (next < count) {
      const call = callOf(next++);
      const text = await send(url, call, agent);
      if (!text.includes('"result":')) throw new Error(`${call.method}: ${text.slice(0, 200)}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, caller));
}

/** `fetch` takes more time than the requests that are measured. */
function send(url: string, { method, params }: Call, agent: Agent): Promise<string> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function quantity(value: number): string {
  return `0x${value.toString(16)}`;
}
