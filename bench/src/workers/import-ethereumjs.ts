import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBlockFromRLP } from '@ethereumjs/block';
import { type GethGenesis, parseGethGenesisState } from '@ethereumjs/common';
import { createMPT } from '@ethereumjs/mpt';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { createVM, runBlock, type VM } from '@ethereumjs/vm';
import { Level } from 'level';
import { chainFolders, type ImportChain, importChains, readBlocks } from '../execution/chains.ts';
import { commonOf } from '../execution/ethereumjs-common.ts';
import { TrieDatabase } from '../execution/trie-database.ts';
import { serve } from './serve.ts';

const folders = chainFolders(process.argv.slice(2));

const scratch = mkdtempSync(join(tmpdir(), 'devp2p-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

/** CPU time in slices, in µs: without the start of a chain. */
let measured = 0;

/** A chain in execution. */
interface Run {
  /** Executes the next block. The library checks all roots. */
  next(): Promise<{ gas: bigint }>;
  /** Whether there are this many more blocks. */
  has(count: number): boolean;
  close(): Promise<void>;
}

let directories = 0;

async function start(folder: string): Promise<Run> {
  const genesis = JSON.parse(readFileSync(join(folder, 'genesis.json'), 'utf8')) as GethGenesis;
  const blocks = readBlocks(folder);
  const { common, hasForks } = commonOf(genesis);
  const level = new Level<string, string | Uint8Array>(join(scratch, String(directories++)));
  const database = new TrieDatabase(level);
  await database.open();
  const trie = await createMPT({ db: database, common, useKeyHashing: true, useRootPersistence: true });
  const stateManager = new MerkleStateManager({ trie, common });
  await stateManager.generateCanonicalGenesis(parseGethGenesisState(genesis));
  const hashes = new Map<number, Uint8Array>();
  const vm: VM = await createVM({
    common,
    stateManager,
    blockchain: {
      async getBlock(number) {
        const hash = hashes.get(number);
        if (hash === undefined) throw new Error(`no block ${number}`);
        return { hash: () => hash };
      },
      async putBlock() {},
      shallowCopy() {
        return this;
      },
    },
    setHardfork: hasForks,
  });
  let done = 0;
  return {
    has: (count) => done + count <= blocks.length,
    async next() {
      const block = createBlockFromRLP(blocks[done] as Uint8Array, { common, setHardfork: hasForks });
      hashes.set(done, block.header.parentHash);
      const { gasUsed } = await runBlock(vm, { block, skipHeaderValidation: true });
      done++;
      return { gas: gasUsed };
    },
    close: () => level.close(),
  };
}

/** Each slice executes the next blocks; at the end of the chain it begins again, with a warm-up that is not counted. */
function slices({ name, count, slow: { warmUp, slice } }: ImportChain) {
  const folder = folders.get(name) ?? '';
  let run: Run | undefined;
  return async () => {
    if (!run?.has(slice)) {
      await run?.close();
      run = await start(folder);
      for (let n = 0; n < warmUp; n++) await run.next();
    }
    const before = process.cpuUsage();
    let counted = 0;
    for (let n = 0; n < slice; n++) {
      const { gas } = await run.next();
      counted += count === 'gas' ? Number(gas) : 1;
    }
    const { user, system } = process.cpuUsage(before);
    measured += user + system;
    return counted;
  };
}

const cases = importChains.filter(({ name, slow }) => folders.has(name) && slow.slice > 0);
await serve(Object.fromEntries(cases.map((item) => [item.name, () => slices(item)])), () => measured);
