import { EthError } from '../error.ts';
import { sameBytes } from '../same-bytes.ts';
import type { SealedHeader } from '../types/header.ts';

/** Which headers to ask a peer for. */
export interface HeadersRequest {
  /** Number or hash (32 bytes) of the first. */
  readonly origin: number | Uint8Array;
  /** How many at most, 1 to 1024. */
  readonly amount: number;
  /** How many blocks to leave out between two headers. @default 0 */
  readonly skip?: number | undefined;
  /** Towards the genesis. @default false */
  readonly reverse?: boolean | undefined;
}

/**
 * Checks that headers are what was asked for, as far as they can show it: the first is the origin, the numbers are as
 * far apart as they should be, and neighbours are parent and child.
 *
 * @throws EthError `invalid-response`
 */
export function checkHeaders(headers: readonly SealedHeader[], request: HeadersRequest): void {
  const { origin, skip = 0, reverse = false } = request;
  const [first] = headers;
  if (first === undefined) return;
  if (typeof origin === 'number' ? first.number !== origin : !sameBytes(first.hash, origin)) {
    throw mismatch(0, 'is not the one that was asked for');
  }
  const step = reverse ? -(skip + 1) : skip + 1;
  for (let i = 1; i < headers.length; i++) {
    const previous = headers[i - 1] as SealedHeader;
    const header = headers[i] as SealedHeader;
    if (header.number !== previous.number + step) {
      throw mismatch(i, `has number ${header.number} behind ${previous.number}`);
    }
    if (skip > 0) continue;
    const [parent, child] = reverse ? [header, previous] : [previous, header];
    if (!sameBytes(child.parentHash, parent.hash)) throw mismatch(i, 'does not join its neighbour');
  }
}

function mismatch(index: number, problem: string): EthError {
  return new EthError('invalid-response', `header ${index} of the answer ${problem}`);
}
