import { decodeBody, type RawList, receiptList, type SealedBody, type SealedHeader } from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import type { BlockTags, ViewedChain } from '../backend.ts';
import type { BlockId, StateBlockId } from '../codec/block-id.ts';
import { RpcError } from '../transport/rpc-error.ts';

/** A block with its body decoded. */
export interface ViewedBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  /** Absent where they are not held. */
  readonly receipts: RawList | undefined;
}

/** The receipts of a block. @throws RpcError `pruned-history` */
export function heldReceipts({
  header,
  receipts,
}: {
  readonly header: SealedHeader;
  readonly receipts?: RawList | undefined;
}): RawList {
  if (receipts !== undefined) return receipts;
  throw new RpcError('pruned-history', `receipts of block ${header.number} are not held`);
}

/** The chain as the `eth` methods show it: the canonical one, up to its latest block. */
export interface ChainView extends BlockTags {
  /**
   * Returns `undefined` for an unknown block, and for `pending`, since no blocks are built.
   *
   * @throws RpcError `unknown-block` for `safe` and `finalized` before there is one
   */
  header(id: BlockId): Promise<SealedHeader | undefined>;
  /**
   * The block whose state a method reads; that of `pending` is the latest one.
   *
   * @throws RpcError `failed` when it is not known, or not canonical and expected to be; as `header`
   */
  stateHeader(id: StateBlockId): Promise<SealedHeader>;
  /** @throws as `header` */
  block(id: BlockId): Promise<ViewedBlock | undefined>;
  /** A stored block, which may be a side block. @returns `undefined` when it is not stored any more */
  anyBlock(header: SealedHeader): Promise<ViewedBlock | undefined>;
}

export function chainView(
  chain: Pick<ViewedChain, 'numberOf' | 'header' | 'headerByHash' | 'blockByHash'>,
  tags: BlockTags,
): ChainView {
  const tagged = async (tag: 'safe' | 'finalized'): Promise<SealedHeader> => {
    const header = await tags[tag]();
    if (header === undefined) throw new RpcError('unknown-block', 'Unknown block');
    return header;
  };
  const header = async (id: BlockId): Promise<SealedHeader | undefined> => {
    if (id === 'pending') return undefined;
    if (id === 'latest') return tags.latest();
    if (id === 'safe' || id === 'finalized') return tagged(id);
    if (id instanceof Uint8Array) {
      return (await chain.numberOf(id)) === undefined ? undefined : chain.headerByHash(id);
    }
    const number = id === 'earliest' ? 0 : id;
    return number > (await tags.latest()).number ? undefined : chain.header(number);
  };
  const anyBlock = async (found: SealedHeader): Promise<ViewedBlock | undefined> => {
    const stored = await chain.blockByHash(found.hash);
    if (stored === undefined) return undefined;
    const { receipts } = stored;
    return {
      header: found,
      body: decodeBody(stored.body),
      receipts: receipts && decode(receiptList, receipts),
    };
  };
  return {
    onChange: (listener) => tags.onChange(listener),
    latest: () => tags.latest(),
    safe: () => tags.safe(),
    finalized: () => tags.finalized(),
    header,
    async stateHeader(id) {
      if (typeof id === 'object' && 'hash' in id) {
        const found = await chain.headerByHash(id.hash);
        if (found === undefined) throw new RpcError('failed', 'header for hash not found');
        if (id.requireCanonical && (await chain.numberOf(id.hash)) === undefined) {
          throw new RpcError('failed', 'hash is not currently canonical');
        }
        return found;
      }
      const found = await header(id === 'pending' ? 'latest' : id);
      if (found === undefined) throw new RpcError('failed', 'header not found');
      return found;
    },
    async block(id) {
      const found = await header(id);
      return found && anyBlock(found);
    },
    anyBlock,
  };
}
