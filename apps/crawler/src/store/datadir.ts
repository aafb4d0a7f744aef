import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { type Crypto, generatePrivateKey } from '@devp2p/crypto';
import { fromHex, toHex } from '@devp2p/enr';
import { CrawlerError } from '../model/error.ts';

/** Name of the database in a data directory: what tells a crawler's from others. */
const databaseName = 'crawl';
const keyName = 'nodekey';

/** Where the database of a crawl is. */
export interface Datadir {
  /** An absolute path. */
  readonly path: string;
  readonly database: string;
}

/**
 * Looks at a data directory, and makes it if there is none.
 *
 * @param mustExist - whether there has to be a crawl in it.
 * @throws CrawlerError `datadir-unusable`, `wrong-datadir` for a directory that something else lives in; nothing in it
 *   is changed then.
 */
export function openDatadir(datadir: string, mustExist: boolean): Datadir {
  const path = resolve(datadir);
  let names: string[];
  try {
    if (!mustExist) mkdirSync(path, { recursive: true, mode: 0o700 });
    names = readdirSync(path);
  } catch (error) {
    if (mustExist && (error as NodeJS.ErrnoException).code === 'ENOENT') throw noCrawl(path);
    throw new CrawlerError(
      'datadir-unusable',
      `datadir ${path} cannot be made or read (${reason(error)}): choose another with --datadir`,
      { cause: error },
    );
  }
  if (!names.includes(databaseName)) {
    const stranger = names.find((name) => name !== keyName);
    if (mustExist) throw noCrawl(path);
    if (stranger !== undefined) {
      throw new CrawlerError(
        'wrong-datadir',
        `datadir ${path} is not a crawler's, there is ${JSON.stringify(stranger)} in it: choose another with --datadir`,
      );
    }
  }
  return { path, database: join(path, databaseName) };
}

/** Whether there is a crawl in a data directory, which need not be there. */
export function hasCrawl(datadir: string): boolean {
  return existsSync(join(datadir, databaseName));
}

function noCrawl(path: string): CrawlerError {
  return new CrawlerError('wrong-datadir', `there is no crawl in ${path}: choose its --datadir`);
}

/**
 * The private key of the crawler that lives in a data directory, made at its first start. Nobody else may have the
 * directory open.
 *
 * @throws CrawlerError `nodekey-invalid`
 */
export function openNodeKey(datadir: Datadir, crypto: Crypto): Uint8Array {
  const path = join(datadir.path, keyName);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    try {
      writeFileSync(`${path}.new`, `${toHex(generatePrivateKey())}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    } catch (error) {
      throw new CrawlerError('nodekey-invalid', `${path} cannot be written (${reason(error)})`, {
        cause: error,
      });
    }
  }
  return readNodeKey(path, crypto);
}

/**
 * A private key from a file of 64 hex digits.
 *
 * @throws CrawlerError `nodekey-invalid`
 */
export function readNodeKey(path: string, crypto: Crypto): Uint8Array {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new CrawlerError('nodekey-invalid', `${path} cannot be read (${reason(error)})`, {
      cause: error,
    });
  }
  const key = /^[0-9a-f]{64}$/i.test(text) ? fromHex(text) : undefined;
  if (key === undefined || !crypto.secp256k1.isPrivateKey(key)) {
    throw new CrawlerError('nodekey-invalid', `${path} is no private key of 64 hex digits`);
  }
  return key;
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
