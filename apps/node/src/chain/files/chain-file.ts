import { constants, createReadStream, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isDescriptor } from '@devp2p/appkit/files';
import { ChainError } from '../../errors/chain-error.ts';

/** Input that is read once from the beginning to the end, without seeking. */
export interface ChainFile {
  /** Name for messages. */
  readonly name: string;
  /** Size in bytes, of a compressed file the compressed size; `undefined` if it is not a file. */
  readonly size: number | undefined;
  /** Bytes read so far, before decompression. */
  readonly bytesRead: number;
  /** The decompressed content. To be iterated once. */
  readonly content: AsyncIterable<Uint8Array>;
  /** Ends reading; a pending read rejects with the reason, if there is one. Idempotent. */
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
    // An error before the first read has no other listener; it is thrown by that read.
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
  // Opening a socket by its path fails with ENXIO.
  if (isDescriptor(there, 0)) return { source: process.stdin };
  if (there.isFIFO()) return { source: openPipe(path) };
  return { source: createReadStream(path, { highWaterMark: chunkSize }) };
}

/** Reads a pipe without a waiting thread, which would keep the process from exiting before data is received. */
function openPipe(path: string): Readable {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd: descriptor, readable: true, writable: false });
}

/** Content, decompressed if it begins with the magic number of gzip. */
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
  // Errors are thrown to the reader of the content.
  else yield* pipeline(whole(), createGunzip({ chunkSize }), () => {}) as AsyncIterable<Uint8Array>;
}
