import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTransactionGossip, type EthPeer, ethVersion, type GossipPool } from '@devp2p/eth';
import { decode, encode } from '@devp2p/rlp';
import type { Scenario } from './scenario.ts';

/** Hashes in a message, go-ethereum's limit for what waits of one peer. */
const count = 4096;
const warmUp = 100;
const rounds = 400;

/** A message of new transactions, from decoding to the timer after which they are requested. */
export const announcementsScenario: Scenario = {
  name: 'announcements',
  title: 'announcement of 4,096 transactions by one of 50 peers',
  async run() {
    await measure(warmUp, false);
    await measure(warmUp, true);
    const unknown = await measure(rounds, false);
    const known = await measure(rounds, true);
    return [
      { what: 'unknown, CPU time, mean, ms', ours: unknown.mean, goal: { atMost: 3 } },
      { what: 'unknown, time, 99 %, ms', ours: unknown.p99 },
      { what: 'pooled already, CPU time, mean, ms', ours: known.mean },
    ];
  },
};

async function measure(messages: number, isPooled: boolean): Promise<{ readonly mean: number; readonly p99: number }> {
  const pool: GossipPool = {
    wants: () => !isPooled,
    has: () => isPooled,
    get: async () => [],
    add: async () => [],
    pending: () => [],
    onPending: () => () => {},
  };
  const gossip = createTransactionGossip({ pool });
  const connect = () => gossip.connected({ id: randomBytes(64) } as Partial<EthPeer> as EthPeer, () => {});
  const others = Array.from({ length: 49 }, connect);
  const { codec } = ethVersion(70).messages.newPooledTransactionHashes;
  const types = new Uint8Array(count).fill(2);
  const sizes = new Array<number>(count).fill(200);
  const times: number[] = [];
  let cpu = 0;
  for (let i = 0; i < messages; i++) {
    const bytes = randomBytes(32 * count);
    const hashes = Array.from({ length: count }, (_, n) => bytes.subarray(32 * n, 32 * n + 32));
    const payload = encode(codec, { types, sizes, hashes });
    const peer = connect();
    const start = performance.now();
    const before = process.cpuUsage();
    peer.announced(decode(codec, payload));
    const { user, system } = process.cpuUsage(before);
    times.push(performance.now() - start);
    cpu += user + system;
    peer.disconnected();
    // At the rate of a node that is flooded.
    await sleep(10);
  }
  for (const other of others) other.disconnected();
  gossip.close();
  times.sort((a, b) => a - b);
  return { mean: cpu / 1000 / messages, p99: times[Math.floor(times.length * 0.99)] as number };
}
