/// <reference types="node" preserve="true" />

import { equalBytes } from '@devp2p/bytes';
import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import {
  array,
  bytes,
  integer,
  methods,
  object,
  type Rules,
  required,
  uint,
} from '@devp2p/options';
import { checkOption } from './check.ts';
import { checkForks, type ForkSchedule } from './fork-id.ts';
import type { Chain, ChainRange, HeaderQuery } from './server/chain.ts';
import { decodeHeader, type SealedHeader, sealHeader } from './types/header.ts';
import { plain, showAs, showFields } from './types/shown.ts';

export type { EthError, EthErrorCode } from './error.ts';
export type { ForkSchedule } from './fork-id.ts';
export type { Chain, ChainRange, HeaderQuery } from './server/chain.ts';

/** A block as RLP, in the forms that {@link Chain} returns. */
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
  /** Hash of the first block, 32 bytes, where that is not among the blocks. @default the first block's */
  readonly genesisHash?: Uint8Array | undefined;
  /** The blocks from number 0 on. @default none: nothing is served, and Status shows a node at its genesis */
  readonly blocks?: readonly MemoryBlock[] | undefined;
  /** @default nobleCrypto */
  readonly crypto?: Crypto | undefined;
}

/** A {@link Chain} in memory: for programs that only ask, for tests and for simulations. */
export interface MemoryChain extends Chain {
  /** Puts a block on top. @throws EthError `invalid-option` when it is not the next one; RlpError as for the first ones */
  append(block: MemoryBlock): void;
}

interface Held extends MemoryBlock {
  readonly sealed: SealedHeader;
}

/**
 * @throws EthError `invalid-option` for an option of another type, blocks that do not follow each other from number 0 on,
 *   and when there is neither a block nor a genesis hash.
 * @throws RlpError when a header is none.
 */
export function memoryChain(options: MemoryChainOptions): MemoryChain {
  checkOption.options('memoryChain', options, rules);
  if (options.forks !== undefined) checkForks('forks', options.forks);
  const { networkId = 1337n, crypto = nobleCrypto, blocks = [] } = options;
  const { forks = { blocks: [], times: [] } } = options;
  const held: Held[] = [];
  const numbers = new Map<string, number>();
  const hold = (block: MemoryBlock): void => {
    const next = holdOn(held.at(-1), block, crypto);
    numbers.set(next.sealed.hash.join(), held.length);
    held.push(next);
  };
  for (const block of blocks) hold(block);
  const listeners = new Set<() => void>();
  const genesisHash = options.genesisHash ?? held[0]?.sealed.hash;
  if (genesisHash === undefined) {
    checkOption.fail('genesisHash', genesisHash, 'a genesis hash where there are no blocks');
  }
  const byHash = (hash: Uint8Array): Held | undefined => held[numbers.get(hash.join()) ?? -1];

  const chain: MemoryChain = {
    networkId,
    genesisHash,
    forks,
    range(): ChainRange {
      const latest = held.at(-1)?.sealed;
      return showFields({
        earliest: 0,
        latest: latest?.number ?? 0,
        latestHash: latest?.hash ?? genesisHash,
        latestTime: latest?.timestamp ?? forks.genesisTime ?? 0,
        totalDifficulty: held.reduce((sum, { sealed }) => sum + sealed.difficulty, 0n),
      });
    },
    async headers({ origin, amount, step }: HeaderQuery) {
      const found: Uint8Array[] = [];
      let number = typeof origin === 'number' ? origin : (numbers.get(origin.join()) ?? -1);
      for (; found.length < amount; number += step) {
        const block = held[number];
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
      hold(block);
      for (const listener of listeners) listener();
    },
  };
  return showAs(chain, ({ networkId, genesisHash, forks, range }) =>
    plain({ networkId, genesisHash, forks, blocks: held.length, ...range() }),
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

/** A block that follows the one before, or is the first. */
function holdOn(parent: Held | undefined, block: MemoryBlock, crypto: Crypto): Held {
  const number = parent === undefined ? 0 : parent.sealed.number + 1;
  const name = `block ${number}`;
  checkOption.fields(name, block, blockRules);
  const sealed = decodeHeader(block.header, crypto);
  if (sealed.number !== number) {
    checkOption.fail(
      `the number of ${name}`,
      sealed.number,
      `${number}, as blocks follow each other`,
    );
  }
  if (parent !== undefined && !equalBytes(sealed.parentHash, parent.sealed.hash)) {
    checkOption.fail(`the parent of ${name}`, sealed.parentHash, `the hash of block ${number - 1}`);
  }
  return { ...block, sealed };
}

/**
 * Blocks with nothing in them, each the child of the one before; number 0 comes first, 12 s lie between two.
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
