import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { toHex } from '@devp2p/bytes';
import { NodeError, type NodeErrorCode } from '../../errors/node-error.ts';

/** A file that holds a secret in hex digits, and what to say of it. */
interface SecretFile {
  readonly path: string;
  /** Begins messages: `node key`. */
  readonly what: string;
  /** Of the error when it cannot be read. */
  readonly code: NodeErrorCode;
  /** What to do then. */
  readonly remedy: string;
}

/**
 * What a secret's file says, without the white space around it.
 *
 * @throws NodeError with `code`
 */
export function readSecretFile({ path, what, code, remedy }: SecretFile): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const message = `${what} ${path} cannot be read (${reason(error)}): ${remedy}`;
    throw new NodeError(code, message, { cause: error });
  }
}

/**
 * Makes a secret's file, for its owner only. Whole or not at all, and never over a file that is there: written aside,
 * then linked into place, or renamed on a file system without hard links, where the caller has to have locked the
 * datadir. Who needs the secret reads it back, since another process may have been first.
 *
 * @throws NodeError `datadir-unusable`
 */
export function createSecretFile(
  { path, what }: Pick<SecretFile, 'path' | 'what'>,
  secret: Uint8Array,
): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    const file = openSync(aside, 'wx', 0o600);
    try {
      try {
        writeFileSync(file, `${toHex(secret)}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      place(aside, path);
    } finally {
      rmSync(aside, { force: true });
    }
  } catch (error) {
    const message = `${what} ${path} cannot be written (${reason(error)})`;
    throw new NodeError('datadir-unusable', message, { cause: error });
  }
}

/** Gives a file its name, unless that is taken. */
function place(aside: string, path: string): void {
  try {
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    // FAT, SMB, some FUSE and overlay file systems have no hard links, and each says so in its own way.
    if (!existsSync(path)) renameSync(aside, path);
  }
}

/** Of a failed system call. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
