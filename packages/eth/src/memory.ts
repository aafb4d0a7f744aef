/// <reference types="node" preserve="true" />

import { equalBytes } from '@devp2p/bytes';
import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import { array, bytes, integer, methods, object, type Rules, required, uint } from '@devp2p/options';
import { checkOption } from './check.ts';
import { checkForks, type ForkSchedule } from './fork-id.ts';
import type { Chain, ChainRange, HeaderQuery } from './server/chain.ts';
import { decodeHeader, type SealedHeader, sealHeader } from './types/header.ts';
import { plain, showAs, showFields } from './types/show-fields.ts';

export type { EthError, EthErrorCode } from './error.ts';
export type { ForkSchedule } from './fork-id.ts';
export type { Chain, ChainRange, HeaderQuery } from './server/chain.ts';

/** A block as RLP, in the forms of {@link Chain}. */
export interface MemoryBlock {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  readonly receipts: Uint8Array;
}

/** Options of {@link memoryChain}. */
export interface MemoryChainOptions {
  /** @default 1337n */
  readonly networkId?: bigint | undefined;
  /** @default no forks */
  readonly forks?: ForkSchedule | undefined;
  /** Hash of the genesis block, 32 bytes; needed without blocks. @default that of the first block */
  readonly genesisHash?: Uint8Array | undefined;
  /** Blocks from number 0 on. @default none: no block is served, and Status has the genesis as head */
  readonly blocks?: readonly MemoryBlock[] | undefined;
  /** @default nobleCrypto */
  readonly crypto?: Crypto | undefined;
}

/** A {@link Chain} in memory: for tests, simulations, and programs that serve no blocks. */
export interface MemoryChain extends Chain {
  /** Appends a block. @throws EthError `invalid-option` when it does not follow the head; RlpError for an invalid header */
  append(block: MemoryBlock): void;
}

interface StoredBlock extends MemoryBlock {
  readonly sealed: SealedHeader;
}

/**
 * Creates a chain in memory.
 *
 * @throws EthError `invalid-option` for an option of another type, for blocks that do not follow each other from number 0
 *   on, and without both blocks and a genesis hash.
 * @throws RlpError when a header is invalid.
 */
export function memoryChain(options: MemoryChainOptions): MemoryChain {
  checkOption.options('memoryChain', options, rules);
  if (options.forks !== undefined) checkForks('forks', options.forks);
  const { networkId = 1337n, crypto = nobleCrypto, blocks = [] } = options;
  const { forks = { blocks: [], times: [] } } = options;
  const stored: StoredBlock[] = [];
  const numbers = new Map<string, number>();
  const append = (block: MemoryBlock): void => {
    const next = checkNext(stored.at(-1), block, crypto);
    numbers.set(next.sealed.hash.join(), stored.length);
    stored.push(next);
  };
  for (const block of blocks) append(block);
  const listeners = new Set<() => void>();
  const genesisHash = options.genesisHash ?? stored[0]?.sealed.hash;
  if (genesisHash === undefined) {
    checkOption.fail('genesisHash', genesisHash, 'a genesis hash, since there are no blocks');
  }
  const byHash = (hash: Uint8Array): StoredBlock | undefined => stored[numbers.get(hash.join()) ?? -1];

  const chain: MemoryChain = {
    networkId,
    genesisHash,
    forks,
    range(): ChainRange {
      const latest = stored.at(-1)?.sealed;
      return showFields({
        earliest: 0,
        latest: latest?.number ?? 0,
        latestHash: latest?.hash ?? genesisHash,
        latestTime: latest?.timestamp ?? forks.genesisTime ?? 0,
        totalDifficulty: stored.reduce((sum, { sealed }) => sum + sealed.difficulty, 0n),
      });
    },
    async headers({ origin, amount, step }: HeaderQuery) {
      const found: Uint8Array[] = [];
      let number = typeof origin === 'number' ? origin : (numbers.get(origin.join()) ?? -1);
      for (; found.length < amount; number += step) {
        const block = stored[number];
        if (block === undefined) break;
        found.push(block.header);
      }
      return found;
    },
    bodies: async (hashes) => hashes.map((hash) => byHash(hash)?.body),
    receipts: async (hashes) => hashes.map((hash) => byHash(hash)?.receipts),
    onHead(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    append(block) {
      append(block);
      for (const listener of listeners) listener();
    },
  };
  return showAs(chain, ({ networkId, genesisHash, forks, range }) =>
    plain({ networkId, genesisHash, forks, blocks: stored.length, ...range() }),
  );
}

const rules: Rules<MemoryChainOptions> = {
  networkId: uint(64),
  forks: object,
  genesisHash: bytes(32),
  blocks: array,
  crypto: methods('keccak256'),
};

const blockRules: Rules<MemoryBlock> = {
  header: required(bytes()),
  body: required(bytes()),
  receipts: required(bytes()),
};

/** Checks that a block follows its parent, or is the first one. */
function checkNext(parent: StoredBlock | undefined, block: MemoryBlock, crypto: Crypto): StoredBlock {
  const number = parent === undefined ? 0 : parent.sealed.number + 1;
  const name = `block ${number}`;
  checkOption.fields(name, block, blockRules);
  const sealed = decodeHeader(block.header, crypto);
  if (sealed.number !== number) {
    checkOption.fail(`the number of ${name}`, sealed.number, `${number}, the next one`);
  }
  if (parent !== undefined && !equalBytes(sealed.parentHash, parent.sealed.hash)) {
    checkOption.fail(`the parent of ${name}`, sealed.parentHash, `the hash of block ${number - 1}`);
  }
  return { ...block, sealed };
}

/**
 * Makes a chain of empty blocks from number 0 on, 12 s apart.
 *
 * @throws EthError `invalid-option` when the count is not an integer of 0 to 10,000,000
 */
export function emptyBlocks(count: number, crypto: Crypto = nobleCrypto): MemoryBlock[] {
  checkOption.value('count', count, integer(0, 10_000_000));
  const emptyRoot = crypto.keccak256(Uint8Array.of(0x80));
  const blocks: MemoryBlock[] = [];
  let parentHash: Uint8Array = new Uint8Array(32);
  for (let number = 0; number < count; number++) {
    const header = sealHeader(
      {
        parentHash,
        unclesHash: crypto.keccak256(emptyList),
        beneficiary: new Uint8Array(20),
        stateRoot: emptyRoot,
        transactionsRoot: emptyRoot,
        receiptsRoot: emptyRoot,
        logsBloom: new Uint8Array(256),
        difficulty: 0n,
        number,
        gasLimit: 30_000_000,
        gasUsed: 0,
        timestamp: 12 * number,
        extraData: new Uint8Array(),
        mixHash: new Uint8Array(32),
        nonce: new Uint8Array(8),
      },
      crypto,
    );
    blocks.push({ header: header.raw, body: emptyBody, receipts: emptyList });
    parentHash = header.hash;
  }
  return blocks;
}

const emptyList = Uint8Array.of(0xc0);
const emptyBody = Uint8Array.of(0xc2, 0xc0, 0xc0);
