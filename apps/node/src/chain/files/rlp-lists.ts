/** Thrown for a stream that is not a sequence of RLP lists. */
export class RlpStreamError extends Error {
  override readonly name = 'RlpStreamError';
}

/**
 * Splits a stream of bytes into RLP lists, without decoding them. It holds one list and one chunk at most. The lists are
 * views of memory that is not reused.
 *
 * @param maxLength maximum length of a list, in bytes
 * @throws RlpStreamError
 */
export async function* rlpLists(
  chunks: AsyncIterable<Uint8Array>,
  maxLength: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let waiting: Uint8Array[] = [];
  let waitingLength = 0;
  let wanted = 1;
  let offset = 0;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    waitingLength += chunk.length;
    if (waitingLength < wanted) continue;
    const bytes = waiting.length === 1 ? chunk : join(waiting, waitingLength);
    let start = 0;
    for (;;) {
      wanted = listLength(bytes, start, offset);
      if (wanted > maxLength) {
        throw new RlpStreamError(`the item at byte ${offset} has ${wanted} bytes, more than ${maxLength}`);
      }
      if (wanted === 0 || start + wanted > bytes.length) break;
      yield bytes.subarray(start, start + wanted);
      start += wanted;
      offset += wanted;
    }
    waiting = start === bytes.length ? [] : [bytes.subarray(start)];
    waitingLength = bytes.length - start;
    wanted = Math.max(wanted, waitingLength + 1);
  }
  if (waitingLength > 0) {
    throw new RlpStreamError(`the file ends ${waitingLength} bytes into the item at byte ${offset}`);
  }
}

/**
 * Length of the list that begins at `start`, with its prefix; 0 when the prefix is incomplete.
 *
 * @param offset of the list in the stream
 */
function listLength(bytes: Uint8Array, start: number, offset: number): number {
  const first = bytes[start];
  if (first === undefined) return 0;
  if (first < 0xc0) {
    throw new RlpStreamError(`no RLP list where a block should begin, at byte ${offset}`);
  }
  if (first < 0xf8) return 1 + first - 0xc0;
  const size = first - 0xf7;
  if (start + size >= bytes.length) return 0;
  let length = 0;
  for (let i = 1; i <= size; i++) length = length * 256 + (bytes[start + i] as number);
  return 1 + size + length;
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
