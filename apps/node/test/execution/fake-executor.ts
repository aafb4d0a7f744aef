import { toHex } from '@devp2p/bytes';
import { BlockError } from '../../src/errors/chain-error.ts';
import { ExecutionError } from '../../src/errors/execution-error.ts';
import type { ExecutableBlock, ExecutionResult, Executor } from '../../src/execution/executor.ts';
import type { BlockRef } from '../../src/storage/schema.ts';

/** An executor in memory: the state of a block is the receipts of its ancestors. */
export interface FakeExecutor extends Executor {
  /** Numbers of the executed blocks, in order. */
  readonly executed: number[];
  /** Hashes of committed blocks, in order. */
  readonly committed: string[];
  /** The next executions of blocks with these numbers fail once. */
  readonly failures: Map<number, Error>;
  /** Blocks with these numbers are invalid. */
  readonly invalid: Set<number>;
  /** Loses all states but those on disk, as a worker that has died. */
  lose(): void;
}

/** @param receiptsOf the receipts of a block, by its hash */
export function createFakeExecutor(
  genesis: BlockRef,
  receiptsOf: (hash: string) => ExecutableBlock['receipts'],
  start: BlockRef = genesis,
): FakeExecutor {
  const executed: number[] = [];
  const committed: string[] = [];
  const failures = new Map<number, Error>();
  const invalid = new Set<number>();
  let disk = new Map([[toHex(start.hash), start]]);
  let memory = new Map<string, BlockRef>();
  let head = start;
  const has = (hash: Uint8Array): boolean => memory.has(toHex(hash)) || disk.has(toHex(hash));
  return {
    executed,
    committed,
    failures,
    invalid,
    lose() {
      memory = new Map();
    },
    hasState: true,
    failed: new Promise(() => {}),
    get head() {
      return head;
    },
    async execute({ header }, parent): Promise<ExecutionResult> {
      const { number, hash } = header;
      const failure = failures.get(number);
      failures.delete(number);
      if (failure !== undefined) {
        if (failure instanceof ExecutionError) memory = new Map();
        throw failure;
      }
      if (!has(parent.hash)) throw new ExecutionError('no-state', `no state of block ${parent.number}`);
      if (invalid.has(number)) throw new BlockError('state-root', number, 'state root is another');
      executed.push(number);
      memory.set(toHex(hash), { number, hash });
      return { receipts: receiptsOf(toHex(hash)) };
    },
    build: async () => {
      throw new ExecutionError('failed', 'blocks are not built');
    },
    findState: async (hashes) => hashes.findIndex(has),
    async commit(block) {
      if (!has(block.hash)) throw new ExecutionError('no-state', `no state of block ${block.number}`);
      head = block;
      disk.set(toHex(block.hash), block);
      committed.push(toHex(block.hash));
    },
    async reset() {
      head = genesis;
      disk = new Map([[toHex(genesis.hash), genesis]]);
      memory = new Map();
    },
    close: async () => {},
  };
}
