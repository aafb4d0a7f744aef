import { readFileSync } from 'node:fs';
import { createSecretFile as createFile, errorReason } from '@devp2p/appkit/files';
import { toHex } from '@devp2p/bytes';
import { NodeError, type NodeErrorCode } from '../../errors/node-error.ts';

/** A file with a secret in hex digits. */
interface SecretFile {
  readonly path: string;
  /** Name for errors: `node key`. */
  readonly what: string;
  /** Code of the error when it cannot be read. */
  readonly code: NodeErrorCode;
  /** How to resolve that error. */
  readonly remedy: string;
}

/**
 * Reads the text of a secret's file, without white space around it.
 *
 * @throws NodeError with `code`
 */
export function readSecretFile({ path, what, code, remedy }: SecretFile): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const message = `${what} ${path} cannot be read (${errorReason(error)}): ${remedy}`;
    throw new NodeError(code, message, { cause: error });
  }
}

/**
 * Creates a secret's file, as hex digits, for its owner only. It is complete or absent, and never replaces a file. The
 * caller holds the lock of the datadir and reads the secret back, since another process may have created the file first.
 *
 * @throws NodeError `datadir-unusable`
 */
export function createSecretFile({ path, what }: Pick<SecretFile, 'path' | 'what'>, secret: Uint8Array): void {
  try {
    createFile(path, `${toHex(secret)}\n`);
  } catch (error) {
    const message = `${what} ${path} cannot be written (${errorReason(error)})`;
    throw new NodeError('datadir-unusable', message, { cause: error });
  }
}
