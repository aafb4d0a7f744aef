import { toHex } from '@devp2p/bytes';
import type { RawList, SealedHeader } from '@devp2p/eth';
import { BlockError } from '../../src/errors/chain-error.ts';
import { StateError } from '../../src/errors/state-error.ts';
import { openKzg } from '../../src/execution/kzg/kzg.ts';
import type { StateReader } from '../../src/execution/state/interfaces.ts';
import type { DirectParts } from '../../src/execution/worker/direct-execution.ts';
import type { ExecutionProcessor, ExecutionState } from '../../src/execution/worker/execution-service.ts';
import type { BlockRef } from '../../src/storage/schema.ts';
import { crypto } from '../chain/make-blocks.ts';

/** A disk on which the state of one block is. */
export interface FakeDisk {
  head: BlockRef;
}

const reader: StateReader = {
  account: () => undefined,
  storage: () => 0n,
  hasStorage: () => false,
  code: () => new Uint8Array(),
};

/** A reader of the same state that checks its values. */
const verifiedReader: StateReader = { ...reader };

/** A state without contents, in memory above a disk. */
function createFakeState(disk: FakeDisk): ExecutionState {
  const states = new Map([[toHex(disk.head.hash), disk.head]]);
  const has = (hash: Uint8Array): boolean => states.has(toHex(hash));
  return {
    get head() {
      return disk.head;
    },
    has,
    reader: (hash, { isVerified = false } = {}) => (has(hash) ? (isVerified ? verifiedReader : reader) : undefined),
    prove: () => undefined,
    apply(parentHash, block) {
      if (!has(parentHash)) throw new StateError('unknown-state', 'no state of the parent');
      states.set(toHex(block.hash), block);
      return new Uint8Array(32).fill(block.number & 0xff);
    },
    rootAfter: () => new Uint8Array(32),
    discard: (hash) => states.delete(toHex(hash)),
    isCommitDue: (hash) => ((states.get(toHex(hash))?.number ?? 0) - disk.head.number) % 4 === 0,
    async commit(hash) {
      const block = states.get(toHex(hash));
      if (block === undefined) throw new StateError('unknown-state', 'no state of the block');
      disk.head = block;
    },
    close: async () => {},
  };
}

/** A processor that returns receipts which were made with the blocks. */
export interface FakeProcessor extends ExecutionProcessor {
  /** Numbers of executed blocks, and the hash of the block at half of their number. */
  readonly executed: { number: number; half: string }[];
  /** Thrown in place of the results of the blocks with these numbers. */
  readonly failures: Map<number, unknown>;
  /** Numbers of blocks that fail unless the values of the state are checked, as on a damaged state. */
  readonly damaged: Set<number>;
  /** Awaited before each block. */
  gate: Promise<void>;
}

export function createFakeProcessor(receiptsOf: (hash: string) => RawList | undefined): FakeProcessor {
  const failures = new Map<number, unknown>();
  const executed: { number: number; half: string }[] = [];
  const damaged = new Set<number>();
  const fake: FakeProcessor = {
    executed,
    failures,
    damaged,
    gate: Promise.resolve(),
    async execute({ header, blockHash, state }) {
      await fake.gate;
      const { number, hash } = header;
      if (damaged.has(number) && state !== verifiedReader) throw new BlockError('balance', number, 'balance too low');
      if (failures.has(number)) {
        const failure = failures.get(number);
        // A block that is invalid stays invalid.
        if (!(failure instanceof BlockError)) failures.delete(number);
        throw failure;
      }
      const half = Math.max(number - 256, Math.floor(number / 2));
      executed.push({ number, half: toHex(blockHash(half)) });
      const receipts = receiptsOf(toHex(hash));
      if (receipts === undefined) throw new BlockError('receipts', number, 'no receipts');
      return { receipts, accessList: undefined, changes: [] };
    },
    build: async () => {
      throw new BlockError('malformed', 0, 'blocks are not built');
    },
  };
  return fake;
}

/** The parts of an execution over a disk. */
export function fakeParts(disk: FakeDisk, genesis: BlockRef, processor: ExecutionProcessor): DirectParts {
  return {
    openState: async () => createFakeState(disk),
    resetState: async () => {
      disk.head = genesis;
      return createFakeState(disk);
    },
    processor,
    checkStateRoot({ number, stateRoot }: SealedHeader, root) {
      if (toHex(stateRoot) !== toHex(root)) throw new BlockError('state-root', number, 'state root differs');
    },
    crypto,
    kzg: openKzg(),
  };
}
