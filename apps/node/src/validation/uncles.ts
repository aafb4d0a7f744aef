import { equalBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { decodeHeader, type RawList, type SealedBody, type SealedHeader } from '@devp2p/eth';
import { RlpError } from '@devp2p/rlp';
import { BlockError } from '../errors/chain-error.ts';
import type { ChainConfig } from './chain-config.ts';
import { checkHeader } from './header.ts';

/** Maximum number of generations from a block to the parent of its uncle. */
const generations = 7;

/** The parts of an ancestor that the check of uncles needs. */
export interface Ancestor {
  readonly header: SealedHeader;
  readonly uncles: RawList;
}

/**
 * Checks the uncles of a block (Yellow Paper, 11.1): each is a header that is valid except for its seal, a child of an
 * ancestor of at most seven generations, not an ancestor itself, and included once.
 *
 * @param ancestor reads a block of the same chain by number; `undefined` before the first
 * @throws BlockError
 */
export async function checkUncles(
  header: SealedHeader,
  body: SealedBody,
  config: ChainConfig,
  crypto: Crypto,
  ancestor: (number: number) => Promise<Ancestor | undefined>,
): Promise<void> {
  if (body.uncles.length === 0) return;
  const uncles = [...body.uncles].map((raw) => decodeUncle(raw, header, crypto));
  const ancestors: SealedHeader[] = [];
  const included: Uint8Array[] = [];
  for (let back = 1; back <= generations && back <= header.number; back++) {
    const found = await ancestor(header.number - back);
    if (found === undefined) break;
    ancestors.push(found.header);
    included.push(...[...found.uncles].map((raw) => crypto.keccak256(raw)));
  }
  const [block, ...elders] = ancestors;
  for (const uncle of uncles) {
    if (included.some((hash) => equalBytes(hash, uncle.hash))) {
      throw new BlockError('uncles', header.number, 'an uncle that was included before');
    }
    included.push(uncle.hash);
    if (ancestors.some(({ hash }) => equalBytes(hash, uncle.hash))) {
      throw new BlockError('uncles', header.number, 'an uncle that is an ancestor');
    }
    const parent = elders.find(({ hash }) => equalBytes(hash, uncle.parentHash));
    if (block === undefined || parent === undefined) {
      throw new BlockError('uncles', header.number, 'an uncle whose parent is not a recent ancestor');
    }
    try {
      checkHeader(uncle, { config, parent });
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      throw new BlockError('uncles', header.number, `an uncle: ${error.reason}`, { cause: error });
    }
  }
}

function decodeUncle(raw: Uint8Array, header: SealedHeader, crypto: Crypto): SealedHeader {
  try {
    return decodeHeader(raw, crypto);
  } catch (cause) {
    if (!(cause instanceof RlpError)) throw cause;
    throw new BlockError('malformed', header.number, `an uncle: ${cause.message}`, { cause });
  }
}
