import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Crypto, generatePrivateKey } from '@devp2p/crypto';
import { fromHex, toHex } from '@devp2p/enr';
import { NodeError } from './error.ts';

/**
 * Makes the directory of a node, readable by its owner only, unless it is there.
 *
 * @returns its absolute path
 * @throws NodeError `datadir-unusable`
 */
export function openDatadir(datadir: string): string {
  const path = resolve(datadir);
  try {
    makeDirectory(path);
    if (!statSync(path).isDirectory()) throw new Error('not a directory');
  } catch (error) {
    throw new NodeError(
      'datadir-unusable',
      `datadir ${path} cannot be made or read (${reason(error)}): choose another with --datadir`,
      { cause: error },
    );
  }
  return path;
}

/** Makes a directory and those above it. Node's own `recursive` never returns on a file system like Linux's /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been first.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * The private key of the node that lives in `datadir`, made at its first start.
 *
 * @throws NodeError `nodekey-exposed` when others may read the file, `nodekey-invalid` when it holds
 *   no key; a file that is there is never written to
 */
export function openNodeKey(datadir: string, crypto: Crypto): Uint8Array {
  const path = join(datadir, 'nodekey');
  try {
    return ownKey(path, crypto);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  createKeyFile(path, generatePrivateKey());
  // Read back rather than returned: another process may have been first.
  return ownKey(path, crypto);
}

/**
 * A private key from a file of 64 hex digits, as go-ethereum writes it.
 *
 * @param remedy what to do when it holds none
 * @throws NodeError `nodekey-invalid`
 */
export function readNodeKey(path: string, crypto: Crypto, remedy: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new NodeError(
      'nodekey-invalid',
      `node key ${path} cannot be read (${reason(error)}): ${remedy}`,
      {
        cause: error,
      },
    );
  }
  const key = /^[0-9a-fA-F]{64}$/.test(text) ? fromHex(text) : undefined;
  if (key === undefined || !crypto.secp256k1.isPrivateKey(key)) {
    throw new NodeError(
      'nodekey-invalid',
      `node key ${path} is not a private key of 64 hex digits: ${remedy}`,
    );
  }
  return key;
}

function ownKey(path: string, crypto: Crypto): Uint8Array {
  const { mode } = statSync(path);
  // Windows has no such bits.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    throw new NodeError(
      'nodekey-exposed',
      `node key ${path} is open to other users (mode ${shown}): chmod 600 ${path}`,
    );
  }
  return readNodeKey(path, crypto, 'restore it, or remove the file to get a new identity');
}

/** Whole or not at all, and never over a file that is there: written aside, then linked into place. */
function createKeyFile(path: string, key: Uint8Array): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    const file = openSync(aside, 'wx', 0o600);
    try {
      try {
        writeFileSync(file, `${toHex(key)}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      linkSync(aside, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      unlinkSync(aside);
    }
  } catch (error) {
    throw new NodeError(
      'datadir-unusable',
      `node key ${path} cannot be written (${reason(error)})`,
      {
        cause: error,
      },
    );
  }
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
