import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { decodeBody, type RawList, type SealedBody, type SealedHeader } from '@devp2p/eth';
import { checkForkSupported } from '../config/genesis/unsupported-forks.ts';
import { BlockError } from '../errors/chain-error.ts';
import type { BlockStore, Head, StoredBlock } from '../storage/blocks.ts';
import type { BlockRules } from '../validation/block.ts';
import type { ChainConfig } from '../validation/chain-config.ts';
import { checkHeader } from '../validation/header.ts';
import { type Ancestor, checkUncles } from '../validation/uncles.ts';
import { checkRequiredBlock, type RequiredBlocks } from './required-blocks.ts';
import { Turns } from './turns.ts';

/** A block to append. */
export interface NewBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  /** Elements in the form of eth/69; absent where nobody has computed them. */
  readonly receipts?: RawList | undefined;
  /** RLP list; absent before Amsterdam and where nobody has sent it. */
  readonly accessList?: Uint8Array | undefined;
}

/** What new blocks are held against. */
export interface BlockCheckParts {
  readonly store: BlockStore;
  readonly config: ChainConfig;
  readonly rules: BlockRules;
  readonly required: RequiredBlocks;
  /** Blocks of proof of work may not be far ahead of it. */
  readonly clock: Pick<Clock, 'now'>;
  readonly crypto: Crypto;
}

/** The blocks up to the first that breaks a rule, and which one. */
interface CheckedBlocks {
  readonly valid: readonly StoredBlock[];
  /** The last of them, or what they follow; `undefined` if that is not known. */
  readonly head: Head | undefined;
  readonly error?: BlockError;
}

/** @see createBlockCheck */
export interface BlockCheck {
  /** Checks blocks that follow a stored block. */
  onStored(blocks: readonly NewBlock[]): Promise<CheckedBlocks>;
  /** Checks blocks that follow this one. */
  onParent(parent: Head, blocks: readonly NewBlock[]): Promise<CheckedBlocks>;
}

/** Makes the check of blocks by all rules that need no execution. */
export function createBlockCheck(parts: BlockCheckParts): BlockCheck {
  const { store, config, rules, required, clock, crypto } = parts;

  const findParent = async (header: SealedHeader): Promise<Head> => {
    const { head } = store;
    const number = header.number - 1;
    const parent = number === head.header.number ? head.header : await store.header(number);
    if (parent === undefined) {
      throw new BlockError(
        'unknown-parent',
        header.number,
        `the chain ends at ${head.header.number}`,
      );
    }
    return { header: parent, totalDifficulty: await store.totalDifficulty(number) };
  };

  const checkOne = async (
    block: NewBlock,
    parent: Head,
    ancestor: (number: number) => Promise<Ancestor | undefined>,
  ): Promise<void> => {
    const { header, body, receipts, accessList } = block;
    checkRequiredBlock(required, header);
    checkForkSupported(config, header);
    const now = clock.now() / 1000;
    checkHeader(header, {
      config,
      parent: parent.header,
      parentTotalDifficulty: parent.totalDifficulty,
      now,
    });
    rules.checkBody(header, body);
    await checkUncles(header, body, config, crypto, ancestor);
    if (accessList !== undefined) rules.checkAccessList(header, accessList);
    if (receipts === undefined) return;
    rules.checkReceipts(header, receipts);
    if (receipts.length !== body.transactions.length) {
      const counts = `${receipts.length} receipts for ${body.transactions.length} transactions`;
      throw new BlockError('receipts', header.number, counts);
    }
  };

  const checkAll = async (
    blocks: readonly NewBlock[],
    findFirstParent: (header: SealedHeader) => Promise<Head> | Head,
  ): Promise<CheckedBlocks> => {
    const valid: StoredBlock[] = [];
    const turns = new Turns();
    const ancestor = async (number: number): Promise<Ancestor | undefined> => {
      const pending = blocks[number - (blocks[0] as NewBlock).header.number];
      if (pending !== undefined) return { header: pending.header, uncles: pending.body.uncles };
      const stored = await store.block(number);
      return stored && { header: stored.header, uncles: decodeBody(stored.body).uncles };
    };
    let parent: Head | undefined;
    try {
      for (const block of blocks) {
        const { header, body, receipts, accessList } = block;
        if (header.number === 0)
          throw new BlockError('number', 0, 'a genesis block stays as it is');
        parent ??= await findFirstParent(header);
        await checkOne(block, parent, ancestor);
        valid.push({ header, body: body.raw, receipts: receipts?.raw, accessList });
        const totalDifficulty = parent.totalDifficulty + header.difficulty;
        parent = { header, totalDifficulty };
        const turn = turns.checked(body.raw.length + (receipts?.raw.length ?? 0));
        if (turn !== undefined) await turn;
      }
    } catch (error) {
      if (error instanceof BlockError) return { valid, head: parent, error };
      throw error;
    }
    return { valid, head: parent };
  };

  return {
    onStored: (blocks) => checkAll(blocks, findParent),
    onParent: (parent, blocks) => checkAll(blocks, () => parent),
  };
}
