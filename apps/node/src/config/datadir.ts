import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createDirectory, errorReason } from '@devp2p/appkit/files';
import { fromHex } from '@devp2p/bytes';
import { type Crypto, generatePrivateKey } from '@devp2p/crypto';
import { NodeError } from '../errors/node-error.ts';
import { createSecretFile, readSecretFile } from './secrets/secret-file.ts';

const what = 'node key';

/**
 * Creates the directory of a node, accessible by its owner only, if it is missing.
 *
 * @returns its absolute path
 * @throws NodeError `datadir-unusable`
 */
export function openDatadir(datadir: string): string {
  const path = resolve(datadir);
  try {
    createDirectory(path);
  } catch (error) {
    throw new NodeError('datadir-unusable', `datadir ${path} cannot be created or read (${errorReason(error)})`, {
      cause: error,
      data: { datadir: path },
    });
  }
  return path;
}

/**
 * The private key of a node, from its data directory; the first start creates it. The caller has locked the directory.
 *
 * @param warn called with a line when the file system cannot protect the key from other users
 * @throws NodeError `nodekey-exposed` when other users may read the file, `nodekey-invalid` when it does not contain a
 * key; an existing file is never changed
 */
export function openNodeKey(datadir: string, crypto: Crypto, warn: (line: string) => void = () => {}): Uint8Array {
  const path = join(datadir, 'nodekey');
  if (!existsSync(path)) createSecretFile({ path, what }, generatePrivateKey());
  checkMode(path, warn);
  return readNodeKey(path, crypto, 'restore it, or remove the file to get a new identity');
}

/**
 * A private key from a file of 64 hex digits, as go-ethereum writes it.
 *
 * @param remedy advice for the error message
 * @throws NodeError `nodekey-invalid`
 */
export function readNodeKey(path: string, crypto: Crypto, remedy: string): Uint8Array {
  const code = 'nodekey-invalid';
  const text = readSecretFile({ path, what, code, remedy });
  const key = /^[0-9a-fA-F]{64}$/.test(text) ? fromHex(text) : undefined;
  if (key === undefined || !crypto.secp256k1.isPrivateKey(key)) {
    throw new NodeError(code, `${what} ${path} is not a private key of 64 hex digits: ${remedy}`);
  }
  return key;
}

/** @throws NodeError `nodekey-exposed` */
function checkMode(path: string, warn: (line: string) => void): void {
  const { mode } = statSync(path);
  // Windows has no permission bits.
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  if (keepsModes(dirname(path))) {
    throw new NodeError('nodekey-exposed', `${what} ${path} is open to other users (mode ${shown}): chmod 600 ${path}`);
  }
  warn(`${what} ${path} may be open to other users: its file system does not store permissions`);
}

/** Whether the file system of a directory stores permissions, unlike FAT. */
function keepsModes(directory: string): boolean {
  const probe = join(directory, `mode.${randomUUID()}`);
  try {
    closeSync(openSync(probe, 'wx', 0o600));
    return (statSync(probe).mode & 0o077) === 0;
  } catch {
    return true;
  } finally {
    rmSync(probe, { force: true });
  }
}
