import { equalBytes } from '@devp2p/bytes';
import { EthError } from '../error.ts';
import type { SealedHeader } from '../types/header.ts';

/** Request of {@link EthPeer.getHeaders}. */
export interface HeadersRequest {
  /** Number or hash (32 bytes) of the first block. */
  readonly origin: number | Uint8Array;
  /** Most headers to return, 1 to 1024. */
  readonly amount: number;
  /** Number of blocks to leave out between two headers. @default 0 */
  readonly skip?: number | undefined;
  /** Towards the genesis. @default false */
  readonly reverse?: boolean | undefined;
}

/**
 * Checks headers against their request: the first is the origin, the numbers have the requested distance, and neighbors
 * are parent and child.
 *
 * @throws EthError `invalid-response`
 */
export function checkHeaders(headers: readonly SealedHeader[], request: HeadersRequest): void {
  const { origin, skip = 0, reverse = false } = request;
  const [first] = headers;
  if (first === undefined) return;
  if (typeof origin === 'number' ? first.number !== origin : !equalBytes(first.hash, origin)) {
    throw mismatch(0, 'is not the requested one');
  }
  const step = reverse ? -(skip + 1) : skip + 1;
  for (let i = 1; i < headers.length; i++) {
    const previous = headers[i - 1] as SealedHeader;
    const header = headers[i] as SealedHeader;
    if (header.number !== previous.number + step) {
      throw mismatch(i, `has number ${header.number} after ${previous.number}`);
    }
    if (skip > 0) continue;
    const [parent, child] = reverse ? [header, previous] : [previous, header];
    if (!equalBytes(child.parentHash, parent.hash)) throw mismatch(i, 'is not linked to its neighbor');
  }
}

function mismatch(index: number, problem: string): EthError {
  return new EthError('invalid-response', `header ${index} of the response ${problem}`);
}
