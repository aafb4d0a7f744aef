import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createDirectory, createSecretFile, errorReason } from '@devp2p/appkit/files';
import { fromHex, toHex } from '@devp2p/bytes';
import { type Crypto, generatePrivateKey } from '@devp2p/crypto';
import { CrawlerError } from '../model/error.ts';

/** Name of the database in a data directory, which identifies the directory of a crawler. */
const databaseName = 'crawl';
const keyName = 'nodekey';

/** Absolute paths of a data directory and its database. */
export interface Datadir {
  readonly path: string;
  readonly database: string;
}

/**
 * Checks a data directory, and creates it if it does not exist. A directory of another program is not changed.
 *
 * @param mustExist whether it must contain a crawl
 * @throws CrawlerError `datadir-unusable`, `wrong-datadir`
 */
export function openDatadir(datadir: string, mustExist: boolean): Datadir {
  const path = resolve(datadir);
  let names: string[];
  try {
    if (!mustExist) createDirectory(path);
    names = readdirSync(path);
  } catch (error) {
    if (mustExist && (error as NodeJS.ErrnoException).code === 'ENOENT') throw noCrawl(path);
    const message = `datadir ${path} cannot be created or read (${errorReason(error)})`;
    throw new CrawlerError('datadir-unusable', message, { cause: error, data: { path } });
  }
  if (!names.includes(databaseName)) {
    if (mustExist) throw noCrawl(path);
    const foreign = names.find((name) => name !== keyName);
    if (foreign !== undefined) {
      const message = `datadir ${path} does not belong to a crawler, it contains ${JSON.stringify(foreign)}`;
      throw new CrawlerError('wrong-datadir', message, { data: { path } });
    }
  }
  return { path, database: join(path, databaseName) };
}

/** Whether a data directory contains a crawl. */
export function hasCrawl(datadir: string): boolean {
  return existsSync(join(datadir, databaseName));
}

function noCrawl(path: string): CrawlerError {
  return new CrawlerError('wrong-datadir', `no crawl in datadir ${path}`, { data: { path } });
}

/**
 * Returns the private key in a data directory, and creates it at the first start. The caller holds the lock of the
 * database.
 *
 * @throws CrawlerError `nodekey-invalid`
 */
export function openNodeKey(datadir: Datadir, crypto: Crypto): Uint8Array {
  const path = join(datadir.path, keyName);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    try {
      createSecretFile(path, `${toHex(generatePrivateKey())}\n`);
    } catch (error) {
      throw keyError(path, `cannot be written (${errorReason(error)})`, error);
    }
  }
  return readNodeKey(path, crypto);
}

/**
 * Reads a private key from a file of 64 hex digits.
 *
 * @throws CrawlerError `nodekey-invalid`
 */
export function readNodeKey(path: string, crypto: Crypto): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw keyError(path, `cannot be read (${errorReason(error)})`, error);
  }
  const key = /^[0-9a-f]{64}$/i.test(text) ? fromHex(text) : undefined;
  if (key === undefined || !crypto.secp256k1.isPrivateKey(key)) {
    throw keyError(path, 'does not contain a valid private key of 64 hex digits');
  }
  return key;
}

function keyError(path: string, problem: string, cause?: unknown): CrawlerError {
  const message = `node key file ${path} ${problem}`;
  return new CrawlerError('nodekey-invalid', message, {
    ...(cause !== undefined && { cause }),
    data: { path },
  });
}
