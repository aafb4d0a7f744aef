import { constants, createReadStream, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isDescriptor } from '@devp2p/appkit/files';
import { ChainError } from '../../errors/chain-error.ts';

/** Input that is read once, from its beginning to its end: it need not be able to seek. */
export interface ChainFile {
  /** For messages. */
  readonly name: string;
  /** Bytes that it has, compressed if it is; `undefined` for what is not a file. */
  readonly size: number | undefined;
  /** Bytes that were read, compressed if they are. */
  readonly bytesRead: number;
  /** What it holds, decompressed if need be. To be iterated once. */
  readonly content: AsyncIterable<Uint8Array>;
  /** Ends reading; what waits for more rejects with the reason, if there is one. Idempotent. */
  close(reason?: Error): void;
}

const chunkSize = 256 * 1024;

/**
 * Opens a chain file, or a pipe, a device or standard input (`-`, `/dev/stdin`).
 *
 * @throws ChainError `file`
 */
export async function openChainFile(path: string): Promise<ChainFile> {
  const name = path === '-' ? 'standard input' : path;
  try {
    const { source, size } = await openSource(path);
    // An error before the first read has no other listener; it is kept for that read.
    source.on('error', () => {});
    let bytesRead = 0;
    async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of source as AsyncIterable<Uint8Array>) {
        bytesRead += chunk.length;
        yield chunk;
      }
    }
    return {
      name,
      size,
      get bytesRead() {
        return bytesRead;
      },
      content: decompressed(counted()),
      close: (reason) => void source.destroy(reason),
    };
  } catch (cause) {
    throw new ChainError('file', `${name} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function openSource(path: string): Promise<{ source: Readable; size?: number }> {
  if (path === '-') return { source: process.stdin };
  const there = await stat(path);
  if (there.isDirectory()) throw new Error('it is a directory');
  if (there.isFile()) {
    const descriptor = openSync(path, 'r');
    return {
      source: createReadStream(path, { fd: descriptor, highWaterMark: chunkSize }),
      size: there.size,
    };
  }
  // Opened anew, a socket gives ENXIO.
  if (isDescriptor(there, 0)) return { source: process.stdin };
  if (there.isFIFO()) return { source: openPipe(path) };
  return { source: createReadStream(path, { highWaterMark: chunkSize }) };
}

/** Reads a pipe without a thread that waits for it: with one, the process could not exit before something comes. */
function openPipe(path: string): Readable {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd: descriptor, readable: true, writable: false });
}

/** Bytes, gunzipped if they begin like gzip's. */
async function* decompressed(
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let head: Uint8Array = new Uint8Array();
  while (head.length < 2) {
    const { value, done } = await chunks.next();
    if (done) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  async function* whole(): AsyncGenerator<Uint8Array, void, undefined> {
    if (head.length > 0) yield head;
    yield* chunks;
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) yield* whole();
  // Errors reach the reader of the content; the callback has nothing to add.
  else yield* pipeline(whole(), createGunzip({ chunkSize }), () => {}) as AsyncIterable<Uint8Array>;
}
