import { type FileHandle, open } from 'node:fs/promises';
import type { Crypto } from '@devp2p/crypto';
import { ChainError } from '../../errors/chain-error.ts';
import { NodeError } from '../../errors/node-error.ts';
import { type Genesis, parseGenesis } from './genesis.ts';

/** Maximum size of a genesis.json in bytes. The largest published ones, with a migrated state, have about 10 MB. */
const maxSize = 256 * 1024 * 1024;
const chunkSize = 1024 * 1024;
const advice = "name a genesis.json in go-ethereum's format";

/**
 * Reads the genesis of a chain from a file, or from another source that can be read once, such as a pipe.
 *
 * @throws NodeError `genesis-unreadable`; ChainError `invalid-genesis`; the message is one line with the path
 */
export async function readGenesisFile(path: string, crypto: Crypto): Promise<Genesis> {
  const source = `genesis ${path}`;
  let bytes: Uint8Array;
  try {
    const file = await open(path);
    try {
      bytes = await readContent(file, source, path);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ChainError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EISDIR' ? 'is a directory' : `cannot be read (${code ?? message})`;
    throw new NodeError('genesis-unreadable', `${source} ${reason}: ${advice}`, { cause: error });
  }
  return parseGenesis(decodeText(bytes, source), crypto, source);
}

/** Reads a file, up to the maximum size. @throws ChainError `invalid-genesis` */
async function readContent(file: FileHandle, source: string, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(new Uint8Array(chunkSize), 0, chunkSize);
    if (bytesRead === 0) break;
    if (size === 0) refuseOtherContent(buffer.subarray(0, bytesRead), source, path);
    size += bytesRead;
    if (size > maxSize) throw invalid(`${source} has more than ${maxSize} bytes: ${advice}`);
    chunks.push(buffer.subarray(0, bytesRead));
  }
  if (size === 0) throw invalid(`${source} is empty: ${advice}`);
  return Buffer.concat(chunks);
}

/** Refuses a file whose first bytes are not those of a JSON object, before more of it is read. */
function refuseOtherContent(start: Uint8Array, source: string, path: string): void {
  const [first = 0, second = 0] = start;
  const isGzip = first === 0x1f && second === 0x8b;
  if (isGzip) throw invalid(`${source} is compressed with gzip: decompress it first`);
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isUtf16) throw invalid(`${source} is UTF-16 text: save it as UTF-8`);
  // A chain file is a sequence of long RLP lists.
  if (first >= 0xf7) {
    const remedy = `to import a chain file, use "devp2p-node import ${path}"`;
    throw invalid(`${source} is binary data, not JSON: ${advice}; ${remedy}`);
  }
  if (start.includes(0)) throw invalid(`${source} is binary data, not JSON: ${advice}`);
  const text = Buffer.from(start)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trimStart();
  if (text !== '' && !text.startsWith('{')) {
    throw invalid(`${source} is not JSON: expected "{" at its beginning; ${advice}`);
  }
}

function decodeText(bytes: Uint8Array, source: string): string {
  try {
    // A byte order mark at the beginning is skipped.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw invalid(`${source} is binary data or not UTF-8, so not JSON: ${advice}`, cause);
  }
}

function invalid(message: string, cause?: unknown): ChainError {
  return new ChainError('invalid-genesis', message, cause === undefined ? {} : { cause });
}
