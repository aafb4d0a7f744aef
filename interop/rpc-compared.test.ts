import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildGeth, type Geth, startGeth, type TestChain, testChain } from './geth.ts';
import { post } from './json-rpc.ts';
import { main, startNode } from './node.ts';
import type { Program } from './program.ts';
import { type ChainSample, casesOf } from './rpc/cases.ts';
import { compareAnswers, type Difference, type ListedDifference } from './rpc/compare.ts';
import { makeOwnChain } from './rpc/own-chain.ts';

const listed = JSON.parse(
  readFileSync(new URL('rpc/differences.json', import.meta.url), 'utf8'),
) as readonly ListedDifference[];

let work: string;
/** Listed differences that were seen. */
const seen = new Set<ListedDifference>();

beforeAll(() => {
  buildGeth();
  work = mkdtempSync(join(tmpdir(), 'devp2p-interop-'));
}, 900_000);
afterAll(() => {
  if (work !== undefined) rmSync(work, { recursive: true, force: true });
});

/** Both programs with one chain. */
interface Pair {
  readonly geth: Geth;
  readonly ours: Program;
  readonly url: string;
  close(): Promise<void>;
}

async function openPair(name: string, chain: Pick<TestChain, 'genesis' | 'blocks' | 'networkId'>): Promise<Pair> {
  const apis = 'debug,eth,net,txpool,web3';
  const geth = await startGeth(join(work, `${name}-geth`), chain as TestChain, {
    blocks: true,
    flags: [`--http.api=${apis}`],
  });
  const datadir = join(work, `${name}-node`);
  const chainFlags = [`--datadir=${datadir}`, `--genesis=${chain.genesis}`];
  execFileSync(process.execPath, [main, 'import', chain.blocks, ...chainFlags], { stdio: 'ignore' });
  const ours = startNode(datadir, {
    genesis: chain.genesis,
    networkId: chain.networkId,
    flags: ['--http', '--http.port=0', `--http.api=${apis}`, '--nodiscover'],
  });
  const [, endpoint = ''] = await ours.line(/http server started endpoint=(\S+)/);
  return {
    geth,
    ours,
    url: `http://${endpoint}`,
    async close() {
      await Promise.all([geth.stop(), ours.stop()]);
    },
  };
}

/** Differences that are not in the list. */
async function compare({ geth, url }: Pair, sample: ChainSample): Promise<readonly Difference[]> {
  const read = (number: number) => geth.rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, true]);
  await indexed(url);
  const unlisted: Difference[] = [];
  for (const one of await casesOf(sample, read as Parameters<typeof casesOf>[1])) {
    const [ours, theirs] = await Promise.all([
      post(url, one.method, one.params),
      post(geth.http, one.method, one.params),
    ]);
    expect([one.name, ours.error?.code]).not.toEqual([one.name, -32603]);
    for (const difference of compareAnswers(one, ours, theirs)) {
      const entry = listed.find(
        ({ case: name, path }) => name === one.name && (path === '*' || path === difference.path),
      );
      if (entry === undefined) unlisted.push(difference);
      else seen.add(entry);
    }
  }
  return unlisted;
}

/** Waits until transactions are found by hash. */
async function indexed(url: string): Promise<void> {
  for (;;) {
    const { error } = await post(url, 'eth_getTransactionByHash', [`0x${'33'.repeat(32)}`]);
    if (error === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('methods compared with geth, field by field', () => {
  test('RP-13 over the test chain of go-ethereum', async () => {
    const chain = testChain();
    const pair = await openPair('suite', chain);
    try {
      const { accounts, contract, slots } = suiteAccounts(chain);
      const sample = {
        head: chain.headNumber,
        blocks: [1, 5, 7, 14, 30, 35, 36, 100, 300, 599, 600],
        states: [500, 590, 599],
        accounts,
        contract,
        slots,
        sender: accounts[0] as string,
      };
      expect(await compare(pair, sample)).toEqual([]);
    } finally {
      await pair.close();
    }
  });

  test('RP-13 over a chain of ours', async () => {
    const folder = join(work, 'own');
    mkdirSync(folder);
    const own = await makeOwnChain(folder);
    const pair = await openPair('own', { ...own, networkId: '1337' });
    try {
      const sample = {
        head: own.head,
        blocks: [1, 2, 3, 4, own.head],
        states: [1, 2, 3],
        accounts: own.accounts,
        contract: own.contract,
        slots: ['0x1', '0x2'],
        sender: own.accounts[0] as string,
      };
      expect(await compare(pair, sample)).toEqual([]);
    } finally {
      await pair.close();
    }
  });

  test('RP-13 each difference in the list occurs, with a reason, and none covers a method', () => {
    expect(listed.filter((entry) => !seen.has(entry))).toEqual([]);
    for (const { case: name, path, reason } of listed) {
      expect(name).not.toBe('');
      expect(path).not.toBe('');
      expect(reason.length).toBeGreaterThan(10);
    }
  });
});

/** Accounts of the genesis, and a contract with storage. */
function suiteAccounts({ genesis }: TestChain): Pick<ChainSample, 'accounts' | 'contract' | 'slots'> {
  const { alloc } = JSON.parse(readFileSync(genesis, 'utf8')) as {
    alloc: Record<string, { balance: string; code?: string; storage?: Record<string, string> }>;
  };
  const entries = Object.entries(alloc).map(
    ([address, account]) => [`0x${address.replace(/^0x/, '')}`, account] as const,
  );
  const plain = entries.filter(([, { code }]) => code === undefined).map(([address]) => address);
  const contracts = entries.filter(([, { code }]) => code !== undefined);
  const [contract = '', account] =
    contracts.find(([, { storage: slots }]) => Object.keys(slots ?? {}).length > 0) ?? contracts[0] ?? [];
  return {
    accounts: [...plain.slice(0, 3), ...contracts.slice(0, 3).map(([address]) => address)],
    contract,
    slots: [...Object.keys(account?.storage ?? {}).slice(0, 2), '0x0', '0x1'],
  };
}
