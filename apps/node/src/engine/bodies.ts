import { decodeBody } from '@devp2p/eth';
import type { BlockReader } from '../chain/interfaces.ts';
import { withdrawalsJson } from '../rpc/codec/block.ts';
import { toData } from '../rpc/codec/hex.ts';
import { RpcError } from '../rpc/transport/rpc-error.ts';

/** Maximum number of bodies of a call (go-ethereum). */
const maxBodies = 1_024;

/** Source of payload bodies. */
export interface BodySource {
  readonly chain: BlockReader;
  /** Number of the latest block. */
  readonly latest: () => Promise<number>;
  /** Bytes of bodies in a response; in hex they are twice as long. @default 120_000_000, since responses are limited to 250 MB */
  readonly maxBytes?: number;
}

/** Version of the structure: V2 adds the block access list. */
export type BodyVersion = 'V1' | 'V2';

/** `engine_getPayloadBodies…`: the parts of payloads that are not in headers, in the order of the request. */
export interface PayloadBodies {
  /** @throws RpcError `too-large-request` */
  byHash(version: BodyVersion, hashes: readonly Uint8Array[]): Promise<readonly unknown[]>;
  /** @throws RpcError `invalid-params`, `too-large-request` */
  byRange(version: BodyVersion, start: number, count: number): Promise<readonly unknown[]>;
}

export function createPayloadBodies(source: BodySource): PayloadBodies {
  const { chain, latest, maxBytes = 120_000_000 } = source;
  type Found = ReturnType<BlockReader['block']>;
  const bodies = async (version: BodyVersion, reads: readonly (() => Found)[]): Promise<readonly unknown[]> => {
    const found: unknown[] = [];
    let remaining = maxBytes;
    for (const read of reads) {
      const block = await read();
      if (block === undefined) {
        found.push(null);
        continue;
      }
      const { accessList } = block;
      remaining -= block.body.length + (accessList?.length ?? 0);
      if (remaining < 0) throw tooLarge(`the bodies exceed ${maxBytes} bytes`);
      const { transactions, withdrawals } = decodeBody(block.body);
      found.push({
        transactions: [...transactions].map(toData),
        withdrawals: withdrawals ? withdrawalsJson(withdrawals) : null,
        // Blocks before Amsterdam have none, nor have blocks that were stored without execution.
        ...(version === 'V2' && { blockAccessList: accessList ? toData(accessList) : null }),
      });
    }
    return found;
  };
  return {
    async byHash(version, hashes) {
      if (hashes.length > maxBodies) throw tooLarge(`${hashes.length} hashes, at most ${maxBodies}`);
      return bodies(
        version,
        hashes.map((hash) => () => chain.blockByHash(hash)),
      );
    },
    async byRange(version, start, count) {
      if (start < 1 || count < 1) {
        throw new RpcError('invalid-params', 'start and count must be at least 1');
      }
      if (count > maxBodies) throw tooLarge(`${count} bodies, at most ${maxBodies}`);
      const last = Math.min(start + count - 1, await latest());
      const length = Math.max(0, last - start + 1);
      return bodies(
        version,
        Array.from({ length }, (_, i) => () => chain.block(start + i)),
      );
    },
  };
}

function tooLarge(reason: string): RpcError {
  return new RpcError('too-large-request', `Too large request: ${reason}`);
}
