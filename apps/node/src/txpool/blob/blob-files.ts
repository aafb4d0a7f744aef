import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { concatBytes, equalBytes } from '@devp2p/bytes';
import { bytes, type Codec, decode, encode, RlpError, struct, uint } from '@devp2p/rlp';

/** The part of a file before the transaction in the form of the network. */
export interface BlobFileHead {
  /** 20 bytes. */
  readonly sender: Uint8Array;
  /** In canonical form. */
  readonly raw: Uint8Array;
  /** Version of the sidecar. */
  readonly version: 0 | 1;
  /** Length in the form of the network. */
  readonly size: number;
  /** SHA-256 of the form of the network. */
  readonly digest: Uint8Array;
}

const headCodec: Codec<Omit<BlobFileHead, 'version'> & { version: number }> = struct({
  sender: bytes(20),
  raw: bytes(),
  version: uint(1),
  size: uint(32),
  digest: bytes(32),
});

/** First bytes of a file: the name of the format and its version. */
const magic = Uint8Array.from([0x64, 0x70, 0x62, 0x01]);
/** Magic, length of the head, SHA-256 of the head. */
const prefixLength = 4 + 4 + 32;
const maxHeadLength = 1024 * 1024;
/** Files that are read at once when the store is opened. */
const openBatch = 64;

/** An included transaction, which is kept until its block is final. */
export interface LimboEntry {
  readonly key: string;
  /** Of the block with it. */
  readonly number: number;
}

/**
 * Blob transactions on disk, one file each: `pool/HASH`, and `limbo/NUMBER-HASH` once it is part of a block. A file is
 * written under another name and renamed, so that a crash leaves whole files; damage is found by digests.
 */
export class BlobFiles {
  readonly #pool: string;
  readonly #limbo: string;

  private constructor(directory: string) {
    this.#pool = join(directory, 'pool');
    this.#limbo = join(directory, 'limbo');
  }

  /** Opens the store in a directory, which is created if it is missing. */
  static async open(directory: string): Promise<BlobFiles> {
    const files = new BlobFiles(directory);
    await mkdir(files.#pool, { recursive: true });
    await mkdir(files.#limbo, { recursive: true });
    return files;
  }

  /**
   * Reads the heads of the pool's files. Damaged and unfinished files are removed.
   *
   * @param onEntry called with each one, and the length of its file
   * @returns number of files that were removed
   */
  async load(onEntry: (key: string, head: BlobFileHead, length: number) => void): Promise<number> {
    const names = await readdir(this.#pool);
    let removed = 0;
    for (let start = 0; start < names.length; start += openBatch) {
      await Promise.all(
        names.slice(start, start + openBatch).map(async (name) => {
          const found = isKey(name) ? await readHead(join(this.#pool, name)) : undefined;
          if (found !== undefined) {
            onEntry(name, found.head, found.length);
            return;
          }
          removed++;
          await rm(join(this.#pool, name), { force: true, recursive: true });
        }),
      );
    }
    return removed;
  }

  async loadLimbo(): Promise<readonly LimboEntry[]> {
    const entries: LimboEntry[] = [];
    for (const name of await readdir(this.#limbo)) {
      const [number, key = ''] = name.split('-');
      if (isKey(key)) entries.push({ key, number: Number(number) });
      else await rm(join(this.#limbo, name), { force: true, recursive: true });
    }
    return entries;
  }

  /** Writes a transaction. @param content of {@link encodeBlobFile} */
  async write(key: string, content: Uint8Array): Promise<void> {
    const path = join(this.#pool, key);
    const temporary = `${path}.new`;
    await writeFile(temporary, content, { mode: 0o600 });
    await rename(temporary, path);
  }

  /** Reads a transaction in the form of the network. @returns `undefined` for a missing or damaged one */
  async read(key: string): Promise<Uint8Array | undefined> {
    let content: Uint8Array;
    try {
      const { buffer, byteOffset, byteLength } = await readFile(join(this.#pool, key));
      content = new Uint8Array(buffer, byteOffset, byteLength);
    } catch {
      return undefined;
    }
    const head = decodeHead(content);
    if (head === undefined) return undefined;
    const networkForm = content.subarray(content.length - head.size);
    return equalBytes(sha256(networkForm), head.digest) ? networkForm : undefined;
  }

  async readRaw(key: string): Promise<Uint8Array | undefined> {
    return (await readHead(join(this.#pool, key)))?.head.raw;
  }

  remove(key: string): Promise<void> {
    return rm(join(this.#pool, key), { force: true });
  }

  /** Moves a transaction that is part of a block aside. */
  async include({ key, number }: LimboEntry): Promise<void> {
    await rename(join(this.#pool, key), this.#limboPath({ key, number }));
  }

  /** Moves a transaction aside back to the pool. @returns its head, and the length of its file */
  async restore(entry: LimboEntry): Promise<{ readonly head: BlobFileHead; readonly length: number } | undefined> {
    const path = join(this.#pool, entry.key);
    try {
      await rename(this.#limboPath(entry), path);
    } catch {
      return undefined;
    }
    return readHead(path);
  }

  /** Records another block for a transaction aside. */
  async moveLimbo(entry: LimboEntry, number: number): Promise<void> {
    await rename(this.#limboPath(entry), this.#limboPath({ key: entry.key, number }));
  }

  /** Removes a transaction aside. */
  finalize(entry: LimboEntry): Promise<void> {
    return rm(this.#limboPath(entry), { force: true });
  }

  #limboPath({ key, number }: LimboEntry): string {
    return join(this.#limbo, `${number}-${key}`);
  }
}

/** A transaction as the content of a file. */
export function encodeBlobFile(
  { sender, raw, version }: Pick<BlobFileHead, 'sender' | 'raw' | 'version'>,
  networkForm: Uint8Array,
): Uint8Array {
  const head = encode(headCodec, { sender, raw, version, size: networkForm.length, digest: sha256(networkForm) });
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, head.length);
  return concatBytes(magic, length, sha256(head), head, networkForm);
}

async function readHead(path: string): Promise<{ head: BlobFileHead; length: number } | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { size: length } = await file.stat();
      const prefix = new Uint8Array(prefixLength);
      await file.read(prefix, 0, prefixLength, 0);
      const headLength = new DataView(prefix.buffer).getUint32(4);
      if (headLength > maxHeadLength) return undefined;
      const start = new Uint8Array(prefixLength + headLength);
      const { bytesRead } = await file.read(start, 0, start.length, 0);
      const head = decodeHead(start.subarray(0, bytesRead), length);
      return head && { head, length };
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** @param length of the whole file */
function decodeHead(content: Uint8Array, length = content.length): BlobFileHead | undefined {
  if (content.length < prefixLength || !equalBytes(content.subarray(0, 4), magic)) return undefined;
  const headLength = new DataView(content.buffer, content.byteOffset).getUint32(4);
  const encoded = content.subarray(prefixLength, prefixLength + headLength);
  if (!equalBytes(sha256(encoded), content.subarray(8, prefixLength))) return undefined;
  try {
    const head = decode(headCodec, encoded.slice());
    return length === prefixLength + headLength + head.size ? (head as BlobFileHead) : undefined;
  } catch (error) {
    if (error instanceof RlpError) return undefined;
    throw error;
  }
}

function isKey(name: string): boolean {
  return /^[\da-f]{64}$/.test(name);
}

function sha256(content: Uint8Array): Uint8Array {
  return createHash('sha256').update(content).digest();
}
